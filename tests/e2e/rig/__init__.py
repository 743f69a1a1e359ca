"""A Gatekeeper without a cluster: real programs on loopback, no container engine, no kubelet, no network.

    etcd ← kube-apiserver ⇄ Gatekeeper (webhooks, mutation, audit) → provider → registry
                ↑
              tests

One noun a module: `network` (a namespace of its own, so that nothing can leave), `processes`, `certificates`,
`apiserver` (etcd and the API server), `kubernetes` (a client that tells a denial from an error), `gatekeeper`,
`registry`, `private_registry` (a door before it), `provider` (the real one), `stubs` (providers and registries that
misbehave), `policies` (from a ClusterImagePolicy to a policy in force), `node` (with a `kubelet` that serves the logs
of Gatekeeper's Pods), `controllers` (kube-controller-manager, where a test asks for it), `prometheus` (with an
Alertmanager), `mutation` (the chart's), `audit` (what it finds), `verdicts` (the cluster's and those of `bestbefore
check`), `sigstore` (its services, and cosign), `objects` (Pods and workloads). `world` starts what every test needs, in
order.

What a cluster has and this has not: garbage collection (a deleted namespace stays Terminating, a deleted template
leaves its constraints), controllers (a Deployment makes no Pods), a scheduler, a kubelet that runs anything (a Pod's
status is what the test writes). The fixture `cluster` has the first two, in a rig of its own. So every test takes
a new namespace and new names, and policies are removed constraint first.
"""
