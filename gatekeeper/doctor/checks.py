"""The closed list of what `bestbefore doctor` looks at: the words of findings, metric labels and the page."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Check(StrEnum):
    """One thing that is looked at."""

    KUBERNETES_VERSION = "kubernetes-version"
    GATEKEEPER_VERSION = "gatekeeper-version"
    BESTBEFORE_VERSION = "bestbefore-version"
    OPA_VERSION = "opa-version"
    MANAGED_GATEKEEPER = "managed-gatekeeper"
    VALIDATING_WEBHOOK = "validating-webhook"
    WEBHOOK_FAILURE_POLICY = "webhook-failure-policy"
    WEBHOOK_TIMEOUT = "webhook-timeout"
    WEBHOOK_RULES = "webhook-rules"
    WEBHOOK_SELECTORS = "webhook-selectors"
    WEBHOOK_CONDITIONS = "webhook-conditions"
    CONTROL_PLANE = "control-plane"
    MUTATING_WEBHOOK = "mutating-webhook"
    GATEKEEPER_PODS = "gatekeeper-pods"
    DENY_LOG = "deny-log"
    SERVING_THREADS = "serving-threads"
    DISABLED_BUILTINS = "disabled-builtins"
    EXTERNAL_DATA = "external-data"
    REFERENTIAL_RULES = "referential-rules"
    ANSWER_CACHE = "answer-cache"
    AUDIT = "audit"
    PROVIDERS = "providers"
    PROVIDER_STATUS = "provider-status"
    PROVIDER_PODS = "provider-pods"
    PROVIDER_CERTIFICATE = "provider-certificate"
    CLIENT_CERTIFICATE = "client-certificate"
    TEMPLATE_STATUS = "template-status"
    CONSTRAINT_STATUS = "constraint-status"
    TRANSLATOR_VERSION = "translator-version"
    ENFORCEMENT = "enforcement"
    ADMISSION_TIME = "admission-time"
    NAMESPACES = "namespaces"
    UNSEEN_NAMESPACES = "unseen-namespaces"
    BOOTSTRAP = "bootstrap"
    CLOCKS = "clocks"
    TRUST_ROOTS = "trust-roots"
    PULL_SECRETS = "pull-secrets"
    REGISTRIES = "registries"


@dataclass(frozen=True)
class CheckPage:
    """What the page says of a check.

    Attributes:
        title: the question that it answers.
        matters: what happens where the answer is no.
        remedy: how it is put right.
    """

    title: str
    matters: str
    remedy: str


PAGE: Final = "docs/reference/doctor.md"
_VALUES: Final = "helm/bestbefore/gatekeeper-values.yaml"

PAGES: Final = {
    Check.KUBERNETES_VERSION: CheckPage(
        "Is this a Kubernetes that we know?",
        "The templates and the webhook's match conditions were tried with the versions that are named. An older API "
        "server drops match conditions without a word: then Leases of nodes go through Gatekeeper.",
        "Upgrade Kubernetes.",
    ),
    Check.GATEKEEPER_VERSION: CheckPage(
        "Is this a Gatekeeper that we know, and the same in all of its Pods?",
        "Templates are made for the Rego, the log lines and the external data of one range of versions.",
        f"Install a version of the range, with {_VALUES}. If a rollout stopped half way, finish it.",
    ),
    Check.BESTBEFORE_VERSION: CheckPage(
        "Is every provider of the version of this command?",
        "An older provider does not understand newer questions and leaves them unanswered: the image is denied with "
        "`QuestionUnsupported`.",
        "Upgrade the chart first, then the policies; see docs/how-to/upgrade.md.",
    ),
    Check.OPA_VERSION: CheckPage(
        "Does `bestbefore check` evaluate with the OPA that Gatekeeper has?",
        "Another OPA may come to another verdict than the cluster.",
        "Use the `opa` that comes with bestbefore, or set BESTBEFORE_OPA to one of the version that is named.",
    ),
    Check.MANAGED_GATEKEEPER: CheckPage(
        "Does a cloud provider run this Gatekeeper?",
        "Then its flags, its webhook and perhaps its templates belong to the cloud provider. What is changed by hand "
        "is put back, and what bestbefore needs may be switched off.",
        "Run a Gatekeeper of your own where the cloud provider allows it, or leave out the features that are named.",
    ),
    Check.VALIDATING_WEBHOOK: CheckPage(
        "Is Gatekeeper's validating webhook there, once, with an authority that the API server can check?",
        "Without it nothing is judged. Without a `caBundle` every call fails, and the failure policy decides alone.",
        "Install Gatekeeper's chart again, or wait until its certificate controller has written the authority.",
    ),
    Check.WEBHOOK_FAILURE_POLICY: CheckPage(
        "Is the webhook's failure policy `Fail`?",
        "With `Ignore` everything is admitted, unchecked, while Gatekeeper is away or slow; so it is for the second "
        "webhook, which checks who may label a namespace so that Gatekeeper does not look at it.",
        "Set `validatingWebhookFailurePolicy: Fail` and `validatingWebhookCheckIgnoreFailurePolicy: Fail` "
        f"({_VALUES}), after you have read docs/how-to/nothing-can-be-deployed.md.",
    ),
    Check.WEBHOOK_TIMEOUT: CheckPage(
        "Does the webhook wait longer than the Providers' timeouts?",
        "Gatekeeper gives up on the provider before the API server gives up on Gatekeeper; only then a denial has a "
        "reason.",
        "Lower the Provider's timeout (`provider.timeouts.validate` of our chart), or raise "
        "`validatingWebhookTimeoutSeconds` of Gatekeeper's.",
    ),
    Check.WEBHOOK_RULES: CheckPage(
        "Does the webhook see the creation and the update of every kind that policies judge?",
        "What it does not see is admitted unchecked: a Deployment, or a container that is added to a running Pod.",
        "Put back the rules of Gatekeeper's chart: operations CREATE and UPDATE, all groups, all resources, "
        "`pods/ephemeralcontainers`.",
    ),
    Check.WEBHOOK_SELECTORS: CheckPage(
        "Does the webhook see all objects, whatever labels they have?",
        "An objectSelector lets authors of workloads step out of every policy by a label.",
        "Take the objectSelector away. Leave namespaces out by the namespaceSelector.",
    ),
    Check.WEBHOOK_CONDITIONS: CheckPage(
        "Are the webhook's match conditions those that we know?",
        "A condition that is false for a Pod lets it pass unjudged. We do not evaluate conditions; unknown ones are "
        "shown, so that a person reads them.",
        f"Compare them with those of {_VALUES}.",
    ),
    Check.CONTROL_PLANE: CheckPage(
        "Are the Leases of nodes kept out of the webhook's sight?",
        "With failure policy `Fail` a node that cannot renew its Lease is taken for dead after 40 seconds: an outage "
        "of Gatekeeper becomes one of the cluster.",
        f"Exempt `kube-node-lease` and `kube-system`, and set the match conditions of {_VALUES}.",
    ),
    Check.MUTATING_WEBHOOK: CheckPage(
        "Where tags are pinned: is Gatekeeper's mutating webhook there, and does it wait long enough?",
        "Without it a tag is not pinned: the node may pull another image than the one that was judged, and policies "
        "that ask for a digest deny.",
        f"Set `disableMutation: false` and the mutating webhook's values of {_VALUES}, or `mutation.enabled: false` of "
        "our chart.",
    ),
    Check.GATEKEEPER_PODS: CheckPage(
        "Are Gatekeeper's Pods ready, and more than one of them?",
        "With a single Pod each drain of its node is an outage; with failure policy `Fail` nothing can be deployed "
        "meanwhile.",
        "Set `replicas: 3` of Gatekeeper's chart. Look at the Pods' events for what keeps them from being ready.",
    ),
    Check.DENY_LOG: CheckPage(
        "Does Gatekeeper write a line for each denial?",
        "The lines are the only record of who was denied what. Without them `bestbefore control` and `bestbefore "
        "denials` see nothing.",
        "Set `logDenies: true` and `logLevel: INFO` of Gatekeeper's chart, and no `logFile`.",
    ),
    Check.SERVING_THREADS: CheckPage(
        "Does Gatekeeper have enough serving threads?",
        "The default is the number of processors. With two, two slow registries hold every admission of the cluster.",
        "Set `maxServingThreads: 20` of Gatekeeper's chart.",
    ),
    Check.DISABLED_BUILTINS: CheckPage(
        "Is `http.send` really disabled?",
        "The default of Gatekeeper's chart writes it in braces, which disables nothing: a policy may reach into the "
        "network by itself.",
        "Set `disabledBuiltins: [http.send]` of Gatekeeper's chart.",
    ),
    Check.EXTERNAL_DATA: CheckPage(
        "Is external data switched on?",
        "Without it no template can ask the provider: templates that do so are not compiled, and judge nothing.",
        "Set `enableExternalData: true` of Gatekeeper's chart.",
    ),
    Check.REFERENTIAL_RULES: CheckPage(
        "Does Gatekeeper take templates that read other objects, where there are some?",
        "Without referential rules (`--enable-referential-rules=false`) Gatekeeper refuses a template that reads "
        "`data.inventory`, as one that reads Waivers does. It says so in the template's status alone; what was in "
        "force stays until a Pod of Gatekeeper restarts, and from then on the template admits everything.",
        "Take the flag away, or switch Waivers off (`waivers.enabled` of the chart).",
    ),
    Check.ANSWER_CACHE: CheckPage(
        "How long does Gatekeeper keep the provider's answers?",
        "For so long it does not see that a tag was moved. Without a cache each audit asks about every image anew.",
        "Set `externaldataProviderResponseCacheTTL: 3m` of Gatekeeper's chart.",
    ),
    Check.AUDIT: CheckPage(
        "Does Gatekeeper look again at what runs, and not more often than the API server can bear?",
        "Audit finds running Pods that have grown old. Each audit writes the status of each Constraint.",
        "Set `auditInterval: 300` of Gatekeeper's chart.",
    ),
    Check.PROVIDERS: CheckPage(
        "Are the Providers there, with addresses, timeouts and an authority?",
        "Templates name them. Without its Provider a template denies everything that it matches.",
        "With `certificates.mode` `controller` or `certManager` of our chart the controller writes them: see its log "
        "(`certificate.blocked`, `source.failed`). Else install the chart again, or give the Providers back what is "
        "missing.",
    ),
    Check.PROVIDER_STATUS: CheckPage(
        "Has every Pod of Gatekeeper taken up every Provider?",
        "A Pod that has not, cannot ask: its answers are `ProviderUnavailable`.",
        "Read the errors in the Provider's status. If a Pod is missing there, restart it.",
    ),
    Check.PROVIDER_PODS: CheckPage(
        "Are the provider's Pods ready, and more than one of them?",
        "While none is ready, everything that policies match is denied.",
        "Set `provider.replicas: 2` of our chart. Look at the Pods' events for what keeps them from being ready.",
    ),
    Check.PROVIDER_CERTIFICATE: CheckPage(
        "Does the provider serve a certificate that the Provider's `caBundle` vouches for, and for how long?",
        "Otherwise every call fails: everything that policies match is denied.",
        "With `certificates.mode: controller` of our chart the controller renews it; its log says why it cannot. "
        "With `certManager` see the Certificate. Else renew it as helm/bestbefore/README.md says, or put the authority "
        "of the one that is served into the Provider.",
    ),
    Check.CLIENT_CERTIFICATE: CheckPage(
        "Does the provider answer only clients with a certificate?",
        "Who may ask can make the provider call registries.",
        "Look at what stands between: a proxy or a service mesh that ends TLS. The provider itself always asks for "
        "one.",
    ),
    Check.TEMPLATE_STATUS: CheckPage(
        "Has every Pod of Gatekeeper compiled every template, in its present form?",
        "Gatekeeper's webhook accepts templates that do not compile. Such a template judges nothing, or goes on in its "
        "former text until the next restart.",
        "Read the error. Apply a template that compiles; `bestbefore translate` makes only such.",
    ),
    Check.CONSTRAINT_STATUS: CheckPage(
        "Does every Pod of Gatekeeper enforce every Constraint, in its present form?",
        "A Pod that does not admits what the others deny.",
        "Read the errors in the Constraint's status. If its template has none, restart the Pod.",
    ),
    Check.TRANSLATOR_VERSION: CheckPage(
        "Were the policies made by this version?",
        "Templates carry the library of the version that made them: fixes since then are not in them.",
        "Translate the policies again and apply the result; see docs/how-to/upgrade.md.",
    ),
    Check.ENFORCEMENT: CheckPage(
        "Is there a policy, and does one deny?",
        "Without a Constraint nothing is judged, also where namespaces opted in. `warn` and `dryrun` only report.",
        "Apply a policy; see docs/how-to/write-a-policy.md. When its warnings are right, set `deny`.",
    ),
    Check.ADMISSION_TIME: CheckPage(
        "Do all waits and evaluations of one admission fit into the webhook's timeout?",
        "The bound is one wait for each set of images that no other Constraint covers, and about a millisecond for "
        "each image and Constraint. Beyond the timeout the failure policy decides; see docs/explanation/time.md.",
        "Let policies share their lists of images (`**`, and exemptions inside), or raise the webhook's timeout.",
    ),
    Check.NAMESPACES: CheckPage(
        "Has a namespace opted in?",
        "Policies hold only where they match. Without such a namespace they judge nothing.",
        "kubectl label namespace NAMESPACE policy.sigstore.dev/include=true",
    ),
    Check.UNSEEN_NAMESPACES: CheckPage(
        "Does Gatekeeper look at every namespace that opted in?",
        "A namespace may be labelled for policies and at the same time exempt from Gatekeeper: then its Pods are "
        "admitted unchecked, though everybody thinks otherwise.",
        "Take the exemption away: the webhook's namespaceSelector, the label `admission.gatekeeper.sh/ignore`, or "
        "`spec.match` of Gatekeeper's Config. Or take the label of the policies away.",
    ),
    Check.BOOTSTRAP: CheckPage(
        "Can Gatekeeper and the provider start again after both were away?",
        "A Constraint that covers their own namespaces has to ask the provider before the provider's Pods are "
        "admitted.",
        "Take the label `policy.sigstore.dev/include` from these namespaces, or list them in the Constraint's "
        "`excludedNamespaces`.",
    ),
    Check.CLOCKS: CheckPage(
        "Do the clocks of the API server, of the provider and of this machine agree?",
        "Ages, certificates and signatures are judged by the clock.",
        "Synchronise the clock of the machine that differs (NTP).",
    ),
    Check.TRUST_ROOTS: CheckPage(
        "Can the trust roots be used, and until when?",
        "Signatures that need one without valid members are `TrustRootStale`: their images are denied.",
        "Replace the file with the present one of its sigstore instance.",
    ),
    Check.PULL_SECRETS: CheckPage(
        "May the provider read the pull secrets that it is set to read?",
        "Without the right to `get` Secrets and service accounts of a namespace that `pull_secret_namespace` names, "
        "its Pods' images are asked for without their pull secrets: private ones are denied with `Unauthorized`. The "
        "provider asks the API server every five minutes what it may, and says so in its metrics.",
        "Name the namespace in `provider.podCredentials.namespaces` of the chart, or give the account the Role of "
        "docs/reference/rights.md. `entry.skipped` in the provider's log names namespace and resource, "
        "`pull_secret.skipped` a Secret that could not be read.",
    ),
    Check.REGISTRIES: CheckPage(
        "Can the images that you name be asked about?",
        "What cannot be asked about is denied. Give images of each registry that you use: "
        "`bestbefore doctor --image ghcr.io/acme/shop:1.4`. They are asked about from where the command runs; with "
        "`--client-cert` and `--client-key`, as in `helm test`, the provider is asked, with its network and its "
        "credentials.",
        "`bestbefore explain REASON` says what to do about the reason that is shown.",
    ),
}
