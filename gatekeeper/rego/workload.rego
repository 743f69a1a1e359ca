# METADATA
# title: Workloads
# description: Finds the images in an object, and which of them a review has to judge.
package lib.bestbefore.workload

import future.keywords

import data.lib.bestbefore.controllers
import data.lib.bestbefore.kinds
import data.lib.bestbefore.limits
import data.lib.bestbefore.reference

# Annotations of tools, which say nothing that a policy's author could mean.
_tool_annotations := ["deployment.kubernetes.io/", "kubectl.kubernetes.io/", "deprecated.daemonset.template.generation"]

# METADATA
# description: |
#   Every image of an object in the order of the API: `{text, path, list, name}`; `path` is the field for messages
#   (`spec.containers[0].image`), `list` and `name` say which container it is.
images(object) := [image | some fields in _pod_spec_paths(object); some image in _images_of(_at(object, fields), fields)]

_images_of(spec, fields) := array.concat(containers, volumes) if {
	prefix := concat(".", fields)
	containers := [image |
		some list in kinds.container_lists
		is_array(spec[list])
		some index, container in spec[list]
		image := {
			"text": _text(container, "image"),
			"path": sprintf("%s.%s[%d].image", [prefix, list, index]),
			"list": list,
			"name": _text(container, "name"),
		}
	]
	volumes := [image |
		is_array(spec.volumes)
		some index, volume in spec.volumes
		volume.image != null
		image := {
			"text": _text(volume.image, "reference"),
			"path": sprintf("%s.volumes[%d].image.reference", [prefix, index]),
			"list": "volumes",
			"name": _text(volume, "name"),
		}
	]
} else := []

# METADATA
# description: The spec of the Pod that an object is or makes; empty where there is none, or not one alone.
pod_spec(object) := spec if {
	[fields] := _pod_spec_paths(object)
	spec := _at(object, fields)
	is_object(spec)
} else := {}

# METADATA
# description: |
#   The images that a review has to judge. Of an update only what could make another Pod counts, so that rollouts and
#   scaling go on: a Pod's images that are new, by list and container name; a workload's when its pod template changed.
#   `read` lists the parts of the object that the policy's rule reads beside that (`["metadata", "labels", "team"]`, "*"
#   for any key): when one of them changes, every image is judged again. A built-in controller answers for the images
#   that it changes, and for nothing else.
judged(review, read) := images(review.object) if {
	review.operation == "CREATE"
} else := [] if {
	_leaving(review)
} else := _new_images(review) if {
	_is_update(review)
	controllers.writes(review)
} else := images(review.object) if {
	_is_update(review)
	_read_anew(review, read)
} else := _new_images(review) if {
	_is_update(review)
	review.object.kind == "Pod"
} else := [] if {
	_is_update(review)
	_templates(review.object) == _templates(review.oldObject)
} else := images(review.object)

# METADATA
# description: The namespace of what is reviewed; empty where it has none.
namespace(review) := name if {
	name := object.get(review, "namespace", "")
	name != ""
} else := object.get(review, ["object", "metadata", "namespace"], "")

# METADATA
# description: Whether this is Gatekeeper's audit, which sees objects as they are stored, their status included.
audited(review) if object.get(review, "operation", "") == ""

# METADATA
# description: |
#   A review without what grows with its containers: of the object its kind, its metadata, and where its Pods may run.
#   What is decided for each image by such things is decided by this, because a function compares its arguments each time.
head(review) := object.union(kept, {"object": json.patch(whole, emptied)}) if {
	kept := object.filter(review, ["kind", "operation", "uid", "name", "namespace", "userInfo"])
	reviewed := _get(review, "object")
	lists := _identifying_lists(reviewed)
	paths := array.concat(array.concat(["apiVersion", "kind", "metadata"], lists), [array.concat(prefix, [field]) |
		some prefix in _pod_spec_paths(reviewed)
		some field in ["os", "nodeSelector", "affinity"]
	])
	whole := json.remove(json.filter(reviewed, paths), ["metadata/managedFields"])
	emptied := [{"op": "replace", "path": list, "value": []} | some list in lists]
}

# The lists by which `_pod_spec_paths` knows a foreign kind: they stay in the head, with nothing in them.
_identifying_lists(object) := [array.concat(path, ["containers"]) |
	not kinds.pod_spec[object.kind]
	some path in _pod_spec_paths(object)
]

# METADATA
# description: |
#   Images, each with the reference to ask about, `asked`, and a `note` where it is not what one might expect. At admission
#   it is the image as written. Under audit a tag says what it means today, not what was pulled, so for a Pod it is the
#   repository of the spec with the digest that the kubelet reports.
#   Undefined for more images than are judged: then the template denies.
asked(review, images_) := [object.union(image, {"asked": image.text, "note": ""}) | some image in images_] if {
	count(images_) <= limits.images
	not _runs(review)
} else := [object.union(image, _pulled(image, id)) |
	reported := _reported(_get(review.object, "status"))
	some image in images_
	id := object.get(reported, [image.list, image.name], "")
] if {
	count(images_) <= limits.images
}

_runs(review) if {
	audited(review)
	review.object.kind == "Pod"
}

_pulled(image, id) := {"asked": image.text, "note": ""} if {
	reference.parsed(image.text).digest != ""
} else := {"asked": concat("@", [reference.parsed(image.text).repository, running.digest]), "note": ""} if {
	# dockershim and cri-dockerd write a scheme before the reference.
	running := reference.parsed(trim_prefix(id, "docker-pullable://"))
	running.repository == reference.parsed(image.text).repository
	running.digest != ""
} else := {"asked": image.text, "note": _note(image, trim_prefix(id, "docker-pullable://"))}

_note(image, "") := "it has not started, so what its tag means now was judged" if image.list != "volumes"

# Kubelets report it from Kubernetes 1.35 on, and only where the feature ImageVolumeWithDigest is on.
_note(image, "") := "its node does not report which digest is mounted, so what its tag means now was judged" if {
	image.list == "volumes"
}

_note(_, id) := "its node reports a local id and no digest of the registry, so what its tag means now was judged" if {
	_is_local(id)
}

_note(_, id) := "it was pulled from another repository, so what its tag means now was judged" if {
	id != ""
	not _is_local(id)
}

# The id that a node gives an image, often the digest of its configuration: CRI-O writes it bare, dockershim behind a
# scheme.
_is_local(id) if regex.match(`^(docker://)?(sha(256|512):.*|[0-9a-f]{64})$`, id)

# The image ids that kubelets report, by list and name. Each container that mounts a volume says what it has mounted.
_reported(status) := object.union(containers, {"volumes": _first(volumes)}) if {
	containers := {list: _first(ids) |
		some list in kinds.container_lists
		ids := [[container.name, _text(container, "imageID")] | some container in _list(status, _statuses[list])]
	}
	volumes := [[mount.name, _text(mount.volumeStatus.image, "imageRef")] |
		some list in kinds.container_lists
		some container in _list(status, _statuses[list])
		some mount in _list(container, "volumeMounts")
	]
}

# Of several ids with one name the first that says something.
_first(ids) := object.union_n([{name: id} | some [name, id] in array.reverse(ids); id != ""])

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

_is_update(review) if {
	review.operation == "UPDATE"
	is_object(review.oldObject)
}

# An image is old only in its own container: elsewhere its tag may mean another image by now.
_new_images(review) := [object.union(image, _unpinned(image, pinned)) |
	some image in images(review.object)
	not _place(image) in old
] if {
	old := {_place(image) | some image in images(review.oldObject)}
	pinned := {_container(image) | some image in images(review.oldObject); reference.parsed(image.text).digest != ""}
}

# A tag where the same image was named by its digest: a Pod that mutation pinned is applied again.
_unpinned(image, pinned) := {"unpins": true} if {
	_container(image) in pinned
	reference.parsed(image.text).digest == ""
} else := {}

_container(image) := [image.list, image.name, reference.parsed(image.text).repository]

_place(image) := [image.list, image.name, image.text]

_templates(object) := [_at(object, array.slice(path, 0, count(path) - 1)) | some path in _pod_spec_paths(object)]

# Whether something changed that the policy's rule reads beside the pod template.
_read_anew(review, read) if {
	some path in read
	_readings(review.object, path) != _readings(review.oldObject, path)
	not _scales_down(review, path)
}

# To have fewer Pods is no new Pod, whatever a rule says of their number.
_scales_down(review, path) if {
	path in [["spec", "replicas"], ["spec", "parallelism"]]
	object.get(review.object, path, 1) < object.get(review.oldObject, path, 1)
}

# What a rule finds at a path. All of a spec is read for its pod template, which is compared apart; of all metadata
# counts what people write.
_readings(_, ["spec"]) := set()

_readings(object, ["metadata"]) := _labels_and_annotations(object)

_readings(object, path) := {[place, value] |
	walk(_part(object, path[0]), [place, value])
	_fits(place, array.slice(path, 1, count(path)))
} if {
	count(path) > 1
}

_fits(place, pattern) if {
	count(place) == count(pattern)
	every index, step in pattern {
		step in {"*", place[index]}
	}
}

_part(object, "spec") := _get(object, "spec")

_part(object, "metadata") := json.remove(_get(object, "metadata"), ["finalizers", "managedFields"])

# Names cannot change, and all else is written by the API server and by controllers.
_labels_and_annotations(object) := [_get(metadata, "labels"), annotations] if {
	metadata := _get(object, "metadata")
	annotations := {name: value |
		some name, value in _get(metadata, "annotations")
		not _is_of_a_tool(name)
	}
}

_is_of_a_tool(name) if {
	some prefix in _tool_annotations
	startswith(name, prefix)
}

# Of a foreign kind every place counts that holds containers: which of them its controller takes is not known.
_pod_spec_paths(object) := [path] if {
	path := kinds.pod_spec[object.kind]
} else := [path |
	some path in kinds.other_pod_specs
	is_array(_at(object, array.concat(path, ["containers"])))
]

_at(value, path) := object.get(value, path, {})

_get(value, field) := object.get(value, field, {})

_list(value, field) := list if {
	list := object.get(value, field, [])
	is_array(list)
} else := []

_text(value, field) := text if {
	text := value[field]
	is_string(text)
} else := ""
