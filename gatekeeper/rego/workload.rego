# METADATA
# title: Workloads
# description: Finds the images in an object, and which of them a review has to judge.
package lib.bestbefore.workload

import future.keywords

import data.lib.bestbefore.reference

_pod_spec_paths := {
	"Pod": ["spec"],
	"ReplicationController": ["spec", "template", "spec"],
	"ReplicaSet": ["spec", "template", "spec"],
	"Deployment": ["spec", "template", "spec"],
	"StatefulSet": ["spec", "template", "spec"],
	"DaemonSet": ["spec", "template", "spec"],
	"Job": ["spec", "template", "spec"],
	"CronJob": ["spec", "jobTemplate", "spec", "template", "spec"],
}

_container_lists := ["initContainers", "containers", "ephemeralContainers"]

# Written by the API server at every update, whatever the user changed.
_server_fields := ["managedFields", "resourceVersion", "generation"]

# METADATA
# description: |
#   Every image of an object in the order of the API: `{text, path, list, name}`; `path` is the field for messages
#   (`spec.containers[0].image`), `list` and `name` say which container it is.
images(object) := array.concat(containers, volumes) if {
	prefix := _pod_spec_paths[object.kind]
	spec := _at(object, prefix)
	containers := [image |
		some list in _container_lists
		some index, container in _list(spec, list)
		image := {
			"text": _text(container, "image"),
			"path": sprintf("%s.%s[%d].image", [concat(".", prefix), list, index]),
			"list": list,
			"name": _text(container, "name"),
		}
	]
	volumes := [image |
		some index, volume in _list(spec, "volumes")
		image := {
			"text": _text(volume.image, "reference"),
			"path": sprintf("%s.volumes[%d].image.reference", [concat(".", prefix), index]),
			"list": "volumes",
			"name": _text(volume, "name"),
		}
	]
} else := []

# METADATA
# description: |
#   The images that a review has to judge. `observed` names the parts of the object that the policy looks at beside
#   the images ("spec", "metadata", "typemeta"): when one of them changes, every image is judged again.
judged(review, observed) := [] if {
	_leaving(review)
} else := [image | some image in images(review.object); not image.text in _old_texts(review)] if {
	_unobserved_update(review, observed)
	review.object.kind == "Pod"
} else := [] if {
	_unobserved_update(review, observed)
	_template(review.object) == _template(review.oldObject)
} else := images(review.object)

# METADATA
# description: Whether this is Gatekeeper's audit, which sees objects as they are stored, their status included.
audited(review) if object.get(review, "operation", "") == ""

# METADATA
# description: |
#   The reference to ask about, and a note where it is not what one might expect: `{text, note}`. At admission it is
#   the image as written. Under audit a tag tells what it means today, not what was pulled, so for a Pod it is the
#   repository of the spec with the digest that the kubelet reports.
asked(review, image) := {"text": image.text, "note": ""} if {
	not _runs(review)
} else := {"text": image.text, "note": ""} if {
	reference.parsed(image.text).digest != ""
} else := {"text": concat("@", [reference.parsed(image.text).repository, running.digest]), "note": ""} if {
	running := reference.parsed(_image_id(review, image))
	running.repository == reference.parsed(image.text).repository
	running.digest != ""
} else := {"text": image.text, "note": _note(image, _image_id(review, image))}

_runs(review) if {
	audited(review)
	review.object.kind == "Pod"
}

_note(image, "") := "it has not started, so what its tag means now was judged" if image.list != "volumes"

# Kubelets tell it from Kubernetes 1.35 on, and only where the feature ImageVolumeWithDigest is on.
_note(image, "") := "its node does not report which digest is mounted, so what its tag means now was judged" if {
	image.list == "volumes"
}

_note(_, id) := "its node does not report a digest of the registry, so what its tag means now was judged" if {
	startswith(id, "sha256:")
}

_note(_, id) := "it was pulled from another repository, so what its tag means now was judged" if {
	id != ""
	not startswith(id, "sha256:")
}

# dockershim and cri-dockerd write a scheme before the reference.
_image_id(review, image) := trim_prefix(ids[0], "docker-pullable://") if {
	ids := [id | some id in _reported(object.get(review.object, "status", {}), image); id != ""]
} else := ""

_reported(status, image) := [_text(container, "imageID") |
	some container in _list(status, _statuses[image.list])
	container.name == image.name
] if {
	image.list != "volumes"
}

# Each container that mounts a volume says what it has mounted.
_reported(status, image) := [_text(mount.volumeStatus.image, "imageRef") |
	some list in _statuses
	some container in _list(status, list)
	some mount in _list(container, "volumeMounts")
	mount.name == image.name
] if {
	image.list == "volumes"
}

_statuses := {
	"initContainers": "initContainerStatuses",
	"containers": "containerStatuses",
	"ephemeralContainers": "ephemeralContainerStatuses",
}

# Deletion, and the updates on the way to it: finalizers must go. Only an object that exists can be leaving: in what is
# created, or made of a workload's pod template, the field is the author's.
_leaving(review) if review.operation == "DELETE"

_leaving(review) if {
	review.operation == "UPDATE"
	is_object(review.oldObject)
	is_string(review.object.metadata.deletionTimestamp)
}

_leaving(review) if {
	audited(review)
	is_string(review.object.metadata.deletionTimestamp)
}

_unobserved_update(review, observed) if {
	review.operation == "UPDATE"
	is_object(review.oldObject)
	every part in observed {
		_part(review.object, part) == _part(review.oldObject, part)
	}
}

_part(object, "spec") := _get(object, "spec")

_part(object, "metadata") := json.remove(_get(object, "metadata"), _server_fields)

_part(object, "typemeta") := [_get(object, "apiVersion"), _get(object, "kind")]

_old_texts(review) := {image.text | some image in images(review.oldObject)}

_template(object) := _at(object, array.slice(path, 0, count(path) - 1)) if path := _pod_spec_paths[object.kind]

_at(value, path) := object.get(value, path, {})

_get(value, field) := object.get(value, field, {})

_list(value, field) := list if {
	list := object.get(value, field, [])
	is_array(list)
} else := []

_text(value, field) := text if {
	text := object.get(value, field, "")
	is_string(text)
} else := ""
