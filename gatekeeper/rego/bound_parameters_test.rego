package lib.bestbefore.bound_parameters_test

import future.keywords

import data.lib.bestbefore.age_parameters

_identity := {"issuer": "https://issuer.test", "subject": "ann@example.test"}

_provenance := {"signers": [{"name": "ann", "attestor": {"keyless": {}}, "identities": [_identity]}], "builders": ["https://b.test/*"]}

_log := {"signers": [{"name": "anybody", "verify": {"keyless": {}, "format": "bundle"}}]}

_problems(fields) := age_parameters.problems(object.union({"maxAge": "30d"}, fields))

_of_provenance(fields) := _problems({"dates": ["provenance"], "provenance": object.union(_provenance, fields)})

_of_log(signer) := _problems({"dates": ["config", "log"], "log": {"signers": [signer]}})

test_sources_are_there_where_they_are_named if {
	_problems({"dates": ["config", "provenance", "log"], "provenance": _provenance, "log": _log}) == []
	_problems({"minAge": "7d", "minAgeProof": "log", "log": _log}) == []
	_problems({"minAge": "7d", "minAgeProof": "provenance", "provenance": _provenance}) == []
}

test_source_that_is_named_and_not_there_is_a_problem if {
	_problems({"dates": ["provenance"]}) == ["`provenance` is null, expected builders and signers: `dates` names it"]
	_problems({"dates": ["config", "log"]}) == ["`log` is null, expected signers: `dates` names it"]
	_problems({"minAge": "7d", "minAgeProof": "log"}) == ["`log` is null, expected signers: `minAgeProof` names it"]
}

test_source_that_nobody_names_is_a_problem if {
	nobody := "`%s` is an object, expected nothing: neither `dates` nor `minAgeProof` names it"
	_problems({"provenance": _provenance}) == [sprintf(nobody, ["provenance"])]
	_problems({"log": _log}) == [sprintf(nobody, ["log"])]
}

test_log_alone_makes_no_image_young if {
	[problem] := _problems({"dates": ["log"], "log": _log})
	startswith(problem, "`dates` is [\"log\"], expected another source beside `log`")
	_problems({"dates": ["log"], "log": _log, "unknownAge": "warn"}) == []
}

test_log_alone_gives_no_date_that_a_cooldown_could_count_from if {
	cooled := {"minAge": "7d", "dates": ["log"], "log": _log}
	age_parameters.problems(object.union(cooled, {"minAgeProof": "created"})) == ["`dates` is [\"log\"], expected another source beside `log`: `minAgeProof: created` asks for the date of one"]
	age_parameters.problems(object.union(cooled, {"minAgeProof": "log"})) == []
}

test_builders_are_ids_or_globs if {
	every builders in [null, [], "https://b.test", [""], ["a b"], [1], ["https://b.test/?"], [sprintf("https://b.test/%d", [number]) | some number in numbers.range(1, 21)]] {
		[problem] := _of_provenance({"builders": builders})
		startswith(problem, "`provenance.builders` is ")
	}
}

test_signers_of_provenance_are_told_by_path if {
	every signers in [null, [], {}, [{"name": "a"}, {"name": "a"}]] {
		[problem] := _of_provenance({"signers": signers})
		startswith(problem, "`provenance.signers` is ")
	}
	_of_provenance({"signers": [{"name": "ann", "attestor": {"keyless": {}}}]}) == ["`provenance.signers[0].identities` is null, expected a list of identities, each with an issuer and a subject, exact or as a regular expression"]
	[told] := _of_provenance({"signers": ["ann"]})
	startswith(told, "`provenance.signers` is [\"ann\"]")
	_of_provenance({"strangers": []}) == ["`provenance.strangers` is no field"]
	_problems({"dates": ["provenance"], "provenance": "ann"}) == ["`provenance` is no object"]
}

test_signer_of_the_log_has_to_prove_times if {
	every verify in [{"keyless": {}}, {"keyless": {}, "format": "legacy"}, {"key": {"data": "PEM"}}, {"key": {"data": "PEM"}, "format": "bundle"}] {
		_of_log({"name": "ann", "verify": verify}) == ["`log.signers[0].verify` proves no time, expected a `ctlog` or a `timestamp` in it"]
		_of_log({"name": "ann", "verify": object.union(verify, {"ctlog": {}})}) == []
		_of_log({"name": "ann", "stamped": object.union(verify, {"timestamp": {}})}) == []
		_of_log({"name": "ann", "attestor": verify}) == ["`log.signers[0].attestor` proves no time, expected a `ctlog` or a `timestamp` in it"]
	}
}

test_signer_says_in_one_place_what_is_to_be_proved if {
	verify := {"key": {"data": "PEM"}, "ctlog": {}}
	_of_log({"name": "ann", "verify": verify, "attestor": verify}) == ["`log.signers[0]` has `attestor` and `verify`, expected one of them"]
}
