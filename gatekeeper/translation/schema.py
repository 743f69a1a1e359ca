"""The OpenAPI schema of a Constraint's parameters: what a person may read or change without touching Rego."""

from __future__ import annotations

from typing import Any, Final

from gatekeeper.waivers.schema import waivers_schema

# As in `lib.bestbefore.glob`.
GLOB: Final = "^[A-Za-z0-9._:/@*-]+$"
# As in `lib.bestbefore.messages`: what may stand in a message as an address.
ADDRESS: Final = "^https?://[!-~]{1,200}$"


def parameters_schema() -> dict[str, Any]:
    """The schema of a policy's parameters, a description for each field."""
    return {
        "type": "object",
        "required": ["name", "images", "authorities"],
        "properties": {
            "name": _text("The ClusterImagePolicy that this Constraint enforces; it stands in every message."),
            "images": _images(),
            "match": _match(),
            "authorities": _some("Who vouches for an image: one authority must.", _authority()),
            "digest": _choice(
                "What to do about an image without a digest when a Pod is created.", "require", "warn", "off"
            ),
            "reports": _choice(
                "Which findings this Constraint reports, where a policy has two; all of them when left out.",
                "deny",
                "warn",
            ),
            "workloads": workload_kinds(),
            "podCredentials": pod_credentials(),
            "stale": stale(),
            "generation": {
                "description": "The policy's `metadata.generation`, where it comes from a cluster; violations name it.",
                "type": "integer",
            },
            "reasonsUrl": reasons_url(),
            "waivers": waivers_schema(),
            "rego": {
                "description": "What the policy's own rule is given beside the authorities that matched.",
                "type": "object",
                "properties": {
                    "fetchConfigFile": _flag("The image configuration of every platform, as `input.config`."),
                    "includeSpec": _flag("The object's spec, as `input.spec`."),
                    "includeObjectMeta": _flag("The object's metadata, as `input.metadata`."),
                    "includeTypeMeta": _flag("The object's kind and apiVersion, as `input.typemeta`."),
                    "reads": {
                        "description": "Which parts of the object the rule reads: a change of one is judged again. "
                        "`*` stands for any key; all of `spec` and `metadata` when left out.",
                        "type": "array",
                        "items": {"type": "array", "items": {"type": "string"}},
                    },
                },
            },
        },
    }


def rule_parameters_schema() -> dict[str, Any]:
    """The same for a policy with a rule of its own: without what the rule is given, it would not be asked."""
    schema = parameters_schema()
    rego = schema["properties"]["rego"]
    flags = [name for name, field in rego["properties"].items() if field["type"] == "boolean"]
    properties = {**schema["properties"], "rego": {**rego, "required": flags}}
    return {**schema, "required": [*schema["required"], "rego"], "properties": properties}


def coverage_schema() -> dict[str, Any]:
    """The schema of the parameters for images that no policy covers."""
    policy = {"name": _text("Name of the ClusterImagePolicy."), "images": _images(), "match": _match()}
    return {
        "type": "object",
        "required": ["policies"],
        "properties": {
            "policies": _list("Every policy in force, with what it covers.", policy),
            "workloads": workload_kinds(),
            "reasonsUrl": reasons_url(),
        },
    }


def reasons_url() -> dict[str, Any]:
    """Of the page that messages point to."""
    return {
        "description": "Address of your copy of the page of reasons. With it a message names the page, with the reason "
        "as its heading: `https://docs.example.com/reasons#imagetooold`. Without it only the reason.",
        "type": "string",
        "pattern": f"^$|{ADDRESS}",
    }


def pod_credentials() -> dict[str, Any]:
    """Whether images are asked for as their Pods pull."""
    return _flag(
        "Whether images are asked for with the pull secrets of their Pods, or of the service accounts of their "
        "workloads. The provider's setting `pull_secret_namespace` names the namespaces whose Secrets it reads."
    )


def stale() -> dict[str, Any]:
    """What happens to answers about an image whose registry is away."""
    return _choice(
        "What happens to what was seen before a registry went away: `allow` judges by it (the default), for as long as "
        "the provider's setting `stale_seconds` says; `deny` refuses it.",
        "allow",
        "deny",
    )


def signer_properties() -> dict[str, Any]:
    """Of somebody who signs: what the provider has to prove, and whom a certificate must name."""
    return {
        "verify": _verify(),
        "stamped": _verify("The same where a timestamp has to be proved; in place of `verify`."),
        "identities": _identities("signed"),
    }


def attestor_properties() -> dict[str, Any]:
    """Of somebody who attests: the same."""
    return {"attestor": _verify(), "identities": _identities("attested")}


def workload_kinds() -> dict[str, Any]:
    """Of the kinds of workloads that a Constraint matches."""
    return {
        "description": "The kinds of workloads that this Constraint matches: what Gatekeeper expands of one is not "
        "judged a second time.",
        "type": "array",
        "items": {"type": "string"},
    }


def _identities(verb: str) -> dict[str, Any]:
    return _list(
        f"Who may have {verb}, where a certificate says who did: one must match.",
        {
            "issuer": _text("Who authenticated the signer, exactly."),
            "issuerRegExp": _text("The same as a regular expression of Go, not anchored."),
            "subject": _text("The signer, exactly; any name of the certificate."),
            "subjectRegExp": _text("The same as a regular expression of Go, not anchored."),
        },
    )


def _images() -> dict[str, Any]:
    glob = {**_text("Glob over the normalised reference; `*` stops at a slash, `**` does not."), "pattern": GLOB}
    return _some("Which images the policy covers: one glob must match.", {"glob": glob}, "glob")


def _match() -> dict[str, Any]:
    return _list(
        "Which objects the policy looks at: one entry must match. Without entries, all of them.",
        {
            "resource": _text("Plural name of the resource, `pods`."),
            "group": _text("API group; empty for the core group."),
            "version": _text("API version, or `*`."),
            "selector": {
                "description": "Label selector on the object itself.",
                "type": "object",
                "properties": {
                    "matchLabels": {
                        "description": "Labels and values, all of which must be there.",
                        "type": "object",
                        "additionalProperties": {"type": "string"},
                    },
                    "matchExpressions": _list("Expressions, all of which must hold.", _expression(), "key", "operator"),
                },
            },
        },
        "resource",
        "version",
    )


def _expression() -> dict[str, Any]:
    return {
        "key": _text("Label key."),
        "operator": _choice("How the label's value is compared.", "In", "NotIn", "Exists", "DoesNotExist"),
        "values": {"description": "Values for In and NotIn.", "type": "array", "items": {"type": "string"}},
    }


def _authority() -> dict[str, Any]:
    return {
        "name": _text("Name of the authority."),
        "static": _object(
            "A fixed verdict.",
            action=_text("pass or fail."),
            message=_text("What to say to people when it fails."),
        ),
        **signer_properties(),
        "absent": _object(
            "Its key could not be read when the Constraint was made; in place of `verify`.",
            message=_text("Which key, and why."),
        ),
        "attestor": _verify("Who must have attested what `attestations` want; in place of `verify`."),
        "attestations": _attestations(),
    }


def _attestations() -> dict[str, Any]:
    return _some(
        "Attestations that there must be, by this authority, in place of a signature: each entry is to be satisfied.",
        {
            "name": _text("Name of the entry."),
            "type": _text("Type of its predicate as the policy has it."),
            "wish": _object(
                "What the provider is asked for; it stands in the question.",
                predicateType=_text("URI of the type."),
                form=_text("What the predicate is read as, where the policy names it by a short name that has a form."),
            ),
            "rule": _text("The rule of the template that must be content with one of the statements."),
        },
        "name",
        "type",
        "wish",
    )


def _verify(
    description: str = "What the provider has to prove; it stands in the question as it is.",
) -> dict[str, Any]:
    trust_root = {
        "trustRoot": _text("Name of a trust root of the provider's settings; empty for the public good instance."),
        "trustRootDigest": _text("The trust root that the policy was made for; empty for whichever has the name."),
    }
    return _object(
        description,
        key=_object(
            "Signed by this key.",
            data=_text("The public key, PEM."),
            hashAlgorithm=_text("What its signatures hash with."),
        ),
        keyless=_object(
            "Signed by somebody whom an authority of a trust root certified.",
            **trust_root,
            insecureIgnoreSCT=_flag("Whether the certificate need not have been logged."),
        ),
        source=_object(
            "Where signatures lie, if not beside the image.",
            oci=_text("registry/repository."),
            tagPrefix=_text("Stands before the tags of signatures."),
            pullSecrets={
                "description": "Names of Secrets in the Pod's namespace by which signatures are read, in place of its "
                "own pull secrets.",
                "type": "array",
                "items": {"type": "string"},
            },
        ),
        format=_text("legacy or bundle."),
        ctlog=_object("The transparency log that must hold the signature.", url=_text("Its URL."), **trust_root),
        timestamp=_object("Whose timestamp authorities must have stamped it.", **trust_root),
    )


def _object(description: str, **properties: Any) -> dict[str, Any]:  # noqa: ANN401 - any schema
    return {"description": description, "type": "object", "properties": properties}


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "type": "string"}


def _choice(description: str, *values: str) -> dict[str, Any]:
    return {"description": description, "type": "string", "enum": list(values)}


def _flag(description: str) -> dict[str, Any]:
    return {"description": description, "type": "boolean"}


def _some(description: str, properties: dict[str, Any], *required: str) -> dict[str, Any]:
    """A list that may not be empty."""
    return {**_list(description, properties, *required), "minItems": 1}


def _list(description: str, properties: dict[str, Any], *required: str) -> dict[str, Any]:
    """A list of objects, each with the fields that are required."""
    item: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        item["required"] = list(required)
    return {"description": description, "type": "array", "items": item}
