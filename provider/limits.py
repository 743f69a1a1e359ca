"""Every remote size, count and time that is trusted to nobody, with its unit.

One place, so that a reader can see how much a stranger may cost us. What an administrator may change is in
`provider.settings.model`; these are not settings.
"""

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

# What Gatekeeper sends.
REQUEST_BYTES: Final = 2 * MIB
REQUEST_KEYS: Final = 500
# Values in its JSON, counted before it is parsed; commas within keys count too.
REQUEST_PARTS: Final = 131_072
KEY_BYTES: Final = 4 * KIB
# Paths of the configuration that one question names, and their bytes as JSON.
CONFIG_PATHS: Final = 32
CONFIG_PATHS_BYTES: Final = 1 * KIB

# What we answer: it stays in Gatekeeper's memory and is marshalled anew at each evaluation.
ITEM_BYTES: Final = 256 * KIB
# What it holds of the attestations of one image; the rest is for what stands around them.
PROOFS_BYTES: Final = 240 * KIB
BATCH_BYTES: Final = 1 * MIB

# Images of one object that policies judge: with more, Gatekeeper's webhook might not answer in time.
OBJECT_IMAGES: Final = 256
# What a violation repeats of a request, in characters: a name, and a word such as a uid or a kind.
DETAIL_NAME: Final = 253
DETAIL_WORD: Final = 64

# How long a client may take, seconds: to finish its handshake, and to send or take any next byte.
HANDSHAKE_SECONDS: Final = 3.0
CLIENT_SECONDS: Final = 5.0
# One request: its bytes on their way, headers and frames of chunks included; as how many of them a smaller piece
# counts; and the seconds until all are here.
REQUEST_WIRE_BYTES: Final = 2 * MIB + 512 * KIB
REQUEST_PIECE_BYTES: Final = 512
REQUEST_SECONDS: Final = 10.0
# How many strangers may be shaking hands at once; beyond it the one that has taken longest is dropped.
HANDSHAKES: Final = 256
# Connections at a time, and how many may wait to be accepted.
CONNECTIONS: Final = 1000
BACKLOG: Final = 512
# A worker that dies sooner after its beginning dies young; how long the next one waits then, doubled each time, and at
# most, seconds.
WORKER_YOUNG_SECONDS: Final = 30.0
WORKER_PAUSE_SECONDS: Final = 1.0
WORKER_LONGEST_PAUSE_SECONDS: Final = 10.0
# How long nobody is accepted when the system has no descriptor left, seconds.
ACCEPT_PAUSE_SECONDS: Final = 0.5
# When replaced TLS files that could not be used are read again though they are the same, seconds.
TLS_RELOAD_SECONDS: Final = 10.0
# The plain port: connections at a time, seconds for each, and bytes of its request.
PLAIN_CONNECTIONS: Final = 32
PLAIN_SECONDS: Final = 5.0
PLAIN_BYTES: Final = 16 * KIB

# Questions that are worked on at a time, those that only audit asks among them.
QUESTIONS: Final = 4096
AUDIT_QUESTIONS: Final = 2048
# How long one question may be worked on after its caller has gone, seconds.
WORK_SECONDS: Final = 30.0
# How often it is looked for questions that have had their time, seconds.
WORK_SWEEP_SECONDS: Final = 1.0
# How long a failure that may pass is remembered, so that the other policies of one admission see the same one.
PASSING_SECONDS: Final = 1.0
# How long it is remembered what a tag was resolved to for a mutation, seconds.
RESOLVED_SECONDS: Final = 5.0
# How long an image's wait counts, from the first question about it.
WAIT_WINDOW_SECONDS: Final = 3.0
WAITS: Final = 10_000
WAITS_SWEPT: Final = 8

# What a registry sends.
MANIFEST_BYTES: Final = 4 * MIB
CONFIG_BYTES: Final = 2 * MIB
TOKEN_BYTES: Final = 64 * KIB
ERROR_BYTES: Final = 4 * KIB
HEADER_BYTES: Final = 64 * KIB
INDEX_MANIFESTS: Final = 100
INDEX_DEPTH: Final = 3
REDIRECTS: Final = 5
# Values in one JSON text, counted before it is parsed, and how deep they may be nested.
JSON_PARTS: Final = 65_536
JSON_DEPTH: Final = 100
# Names in one object of a document about signatures, whose names are compared with each other.
JSON_NAMES: Final = 1024
# How much of a text that is no JSON is walked through to say why, in Go's words: values, and bytes.
JSON_EXPLAINED: Final = 2048
JSON_EXPLAINED_BYTES: Final = 256 * KIB

# How long a registry may take, seconds.
CONNECT_SECONDS: Final = 1.0
READ_SECONDS: Final = 8.0
RETRY_AFTER_SECONDS: Final = 60.0
UNREACHABLE_SECONDS: Final = 3.0

# Requests under way: to one registry, to one that has not answered yet, to all together; how many may wait.
REGISTRY_REQUESTS: Final = 32
UNKNOWN_REGISTRY_REQUESTS: Final = 8
ALL_REQUESTS: Final = 256
WAITING_REQUESTS: Final = 16_384
# The last places, of one registry and of all, are for callers that have none yet.
RESERVED_REQUESTS: Final = 2
RESERVED_ALL_REQUESTS: Final = 32
# A request is stuck after so long at least, seconds, if others wait for its place.
STUCK_SECONDS: Final = 0.25

# Documents of more bytes than this are large; so many of them are in flight at a time: 32 MiB at most.
SMALL_DOCUMENT_BYTES: Final = 128 * KIB
LARGE_DOCUMENTS: Final = 8

# Reading a document of more bytes is a step by itself (`provider.pace`).
STEP_BYTES: Final = 16 * KIB

# Blocks of so many bytes have pages of their own, which the system gets back when they are let go of.
LARGE_BLOCK_BYTES: Final = 256 * KIB
# A signed document of more bytes is read by a process of its own; how long that may take, seconds, until it is ended;
# after how long without work it ends, seconds; and the memory that it may map, bytes.
READ_AT_ONCE_BYTES: Final = 256 * KIB
READER_SECONDS: Final = 5.0
READER_IDLE_SECONDS: Final = 30.0
READER_MEMORY_BYTES: Final = 192 * MIB
# For how long steps are let through in one turn of the event loop, seconds.
PACE_SECONDS: Final = 0.005
# How many of a call's keys are begun in one turn of the event loop.
KEYS_A_TURN: Final = 20

# The event loop: how often its pulse beats, and when it is stuck, seconds.
LOOP_PULSE_SECONDS: Final = 0.25
LOOP_STUCK_SECONDS: Final = 5.0
# How much longer than its wait a call waits for a loop that is late, seconds.
LOOP_GRACE_SECONDS: Final = 0.2

# How much of a foreign text is shown, characters.
SHOWN_CHARACTERS: Final = 64

# What a person hands us in files: policies and Kubernetes objects.
FILE_BYTES: Final = 4 * MIB
DOCUMENT_DEPTH: Final = 100
DOCUMENT_NODES: Final = 1_000_000
DOCUMENTS: Final = 10_000
DIRECTORY_FILES: Final = 10_000
# What aliases may add to a file, characters: enough for anchors that people write, too little for "billion laughs".
ALIAS_CHARACTERS: Final = 1 * MIB
# How many fields one problem names, and of how many the line is remembered, with paths up to a length, characters.
PROBLEM_FIELDS: Final = 100
PATH_CHARACTERS: Final = 200
LINES: Final = 100_000
# The regular expression of an identity, characters.
PATTERN_CHARACTERS: Final = 16 * KIB
# The Rego or CUE text of one policy: the template that carries it must fit into etcd (1.5 MiB).
POLICY_BYTES: Final = 512 * KIB

# How long the server of a policy's text may take, seconds.
REMOTE_CONNECT_SECONDS: Final = 5.0
REMOTE_READ_SECONDS: Final = 15.0

# How many addresses of a host are tried, how long its addresses are believed, how many hosts are remembered, how many
# look-ups run at a time, and how long one may take, seconds.
ADDRESSES_TRIED: Final = 3
ADDRESSES_SECONDS: Final = 10.0
HOSTS: Final = 4096
LOOKUPS: Final = 512
LOOKUP_SECONDS: Final = 2.0
# How many addresses a host may have, and after how many look-ups c-ares forgets its answers, which may be of any size.
ADDRESSES: Final = 64
LOOKUPS_REMEMBERED: Final = 32
# Registries of which it is remembered how they answer.
REGISTRIES: Final = 1024
# Of how many that lead elsewhere it is remembered what was met there.
LEADING_REGISTRIES: Final = 256

# The file with authorities for registries: its size, and how often it is looked at, seconds.
CA_FILE_BYTES: Final = 4 * MIB
CA_FILE_SECONDS: Final = 10.0

# How long a registry is waited for whose last word is known and good enough while it is away, seconds: of an admission,
# which may take two such steps, and of audit.
STALE_WAIT_SECONDS: Final = 0.5
STALE_AUDIT_WAIT_SECONDS: Final = 3.0

# What is asked often is looked at again in the background when it is so old, a share of the time for which it is
# believed; how many wait or are under way, each with the turn of an audit; how long one may take, and how long after a
# try there is no other, seconds; of how many tries is known.
RENEWAL_SHARE: Final = 0.7
RENEWALS: Final = 128
RENEWAL_SECONDS: Final = 10.0
RENEWAL_PAUSE_SECONDS: Final = 5.0
RENEWALS_KNOWN: Final = 4096
# Of how many things it is remembered that their registry said no, whatever the store has of them.
REFUSALS_KNOWN: Final = 4096

# Connections that are kept open, and for how long without a request, seconds.
KEPT_CONNECTIONS: Final = 128
KEPT_CONNECTION_SECONDS: Final = 60
# How long the body of an answer may stand still, seconds, and how many pieces it may come in beyond one for each 512
# bytes: two-byte chunks cost a thousand times their weight.
BODY_SECONDS: Final = 2.0
BODY_PIECES: Final = 256
BYTES_A_PIECE: Final = 512

# How long a registry that says 429 without a date is left alone, and a silent one is believed to be busy, seconds.
RETRY_AFTER_DEFAULT_SECONDS: Final = 1.0
SILENCE_SECONDS: Final = 1.0

# A registry's circuit: after how many failures in a row it opens, for how long at first and at most, seconds (any part
# of it, so that replicas do not come at once), how long after that it is still half open, how long the one request that
# finds out may take before another one may, and how often those that wait for it look.
CIRCUIT_FAILURES: Final = 5
CIRCUIT_SECONDS: Final = 1.0
CIRCUIT_LONGEST_SECONDS: Final = 10.0
CIRCUIT_MEMORY_SECONDS: Final = 60.0
PROBE_SECONDS: Final = 1.0
PROBE_LOOK_SECONDS: Final = 0.05

# How often a request is sent at most where a registry is busy (429, 502, 503, 504); how long is waited before the next
# time at first and at most, seconds (any part of it); and how long an admission, audit, and a person wait for that
# altogether, seconds.
ATTEMPTS: Final = 3
BACKOFF_SECONDS: Final = 0.1
BACKOFF_LONGEST_SECONDS: Final = 2.0
ADMISSION_PATIENCE_SECONDS: Final = 0.3
AUDIT_PATIENCE_SECONDS: Final = 3.0
PERSON_PATIENCE_SECONDS: Final = 10.0

# What registries say of their quota, and of when to come back: the most requests that are believed, the characters of
# one header that are read, and the seconds of a window that are believed. The last part of a quota is for admissions;
# so many requests are, where its size is not said. How long an answer is believed before one request of audit looks
# again, how long it is shown, seconds, and for how many accounts each is remembered.
QUOTA_REQUESTS: Final = 1_000_000_000
QUOTA_CHARACTERS: Final = 1024
QUOTA_WINDOW_SECONDS: Final = 604_800.0
QUOTA_AUDIT_SHARE: Final = 0.25
QUOTA_LOW_REQUESTS: Final = 10
QUOTA_SECONDS: Final = 60.0
QUOTA_SHOWN_SECONDS: Final = 900.0
QUOTA_ACCOUNTS: Final = 64

# Tokens: how long one is used at most, and one that does not say (distribution's token specification), seconds.
TOKEN_SECONDS: Final = 3600.0
TOKEN_DEFAULT_SECONDS: Final = 60.0
TOKENS_MEMORY_BYTES: Final = 4 * MIB
CHALLENGES: Final = 1024
# How long a challenge that gave a token is believed, seconds.
CHALLENGE_SECONDS: Final = 3600.0
# How long a token that was renewed before its end is not renewed so again, seconds.
TOKEN_RENEWAL_SECONDS: Final = 60.0
# How long the token service of a remembered challenge may take, before the registry is asked without a token, seconds.
KNOWN_REALM_SECONDS: Final = 0.5
TAGS: Final = 16384
# A tag of the OCI distribution specification.
TAG_CHARACTERS: Final = 128

# Digests that were seen in their registries when the controller asked, each by a credential, and for how long that is
# remembered, seconds: some rounds of the controller, which asks once a day.
PRESENCES: Final = 20_000
PRESENCE_SECONDS: Final = 8 * 86_400.0

# Who may read one cached document without asking again: repositories, each with a credential.
RIGHTS: Final = 64

# Docker's config.json.
DOCKER_CONFIG_BYTES: Final = 1 * MIB
DOCKER_CONFIG_SECONDS: Final = 10.0
# Credential helpers, which are programs: how long one may take, and may take to end when it is killed; how much it may
# write; how long its answer is believed, and that it gave none; registries of which answers are kept.
HELPER_SECONDS: Final = 5.0
HELPER_END_SECONDS: Final = 1.0
HELPER_BYTES: Final = 64 * KIB
HELPER_KEPT_SECONDS: Final = 300.0
HELPER_FAILED_SECONDS: Final = 10.0
HELPER_SERVERS: Final = 256
# Pull secrets of Pods, read from the API server: bytes of one object as JSON, seconds for a read, reads at a time;
# how many of one Pod are read, and how many values may stand in one; how long one is believed, and one that cannot be
# used; after how long a registry that refuses it is a reason to read it again, seconds; how often the API server is
# asked whether they may be read, and while some may not, seconds; of how many that cannot be used, and for how long,
# seconds, that stands in the log once; bytes of all that are kept.
CLUSTER_OBJECT_BYTES: Final = 2 * MIB
CLUSTER_READ_SECONDS: Final = 2.0
CLUSTER_READS: Final = 8
CLUSTER_TOKEN_BYTES: Final = 16 * KIB
OBJECT_NAME_CHARACTERS: Final = 253
PULL_SECRETS: Final = 16
PULL_SECRET_PARTS: Final = 1024
PULL_SECRET_SECONDS: Final = 30.0
PULL_SECRET_FAILED_SECONDS: Final = 5.0
PULL_SECRET_REREAD_SECONDS: Final = 2.0
PULL_SECRET_RIGHTS_SECONDS: Final = 300.0
PULL_SECRET_RIGHTS_LACKING_SECONDS: Final = 10.0
PULL_SECRETS_TOLD: Final = 1024
PULL_SECRET_TOLD_SECONDS: Final = 600.0
PULL_SECRETS_MEMORY_BYTES: Final = 8 * MIB
# Hosts with a `*` in one file of credentials: each is compared with each host that is asked.
CREDENTIAL_GLOBS: Final = 64
# Credentials of a Pod that are tried for one image; and how long those that others come after may be without an answer,
# all together and each at least, before the next one is tried beside them, seconds: all is half of what an admission
# waits.
CANDIDATES: Final = 8
CANDIDATES_SECONDS: Final = 0.6
CANDIDATE_SECONDS: Final = 0.15
# One secret in it.
CREDENTIAL_CHARACTERS: Final = 32 * KIB

# Clouds that give credentials: how long one may take in all, to be connected with, and until its next byte; how much
# one answer may have; for how long a token is used at most, and one that does not say; how long before its end it is
# used no more, and how long before that it is renewed; how soon after a failure it is asked again, and how long no
# question waits for that; of how many regions and registries tokens are kept.
CLOUD_SECONDS: Final = 5.0
CLOUD_CONNECT_SECONDS: Final = 1.0
CLOUD_READ_SECONDS: Final = 3.0
CLOUD_BYTES: Final = 256 * KIB
CLOUD_TOKEN_SECONDS: Final = 12 * 3600.0
CLOUD_TOKEN_DEFAULT_SECONDS: Final = 900.0
CLOUD_MARGIN_SECONDS: Final = 30.0
CLOUD_RENEWAL_SECONDS: Final = 300.0
CLOUD_FAILED_SECONDS: Final = 10.0
CLOUD_FAILING_SECONDS: Final = 600.0
CLOUD_PLACES: Final = 256

# How often files that may be replaced are looked at while nobody asks, seconds.
FILE_WATCH_SECONDS: Final = 2.0
# How many entries of one file or list that cannot be used are named.
PASSED_OVER_SHOWN: Final = 10

# Mirrors: folders of registries, the size of a `hosts.toml`, dots in a line of it, hosts in it, and headers of one; how
# long one that is not the last may take, seconds: a cache that has to fetch from far away first is not passed over.
HOST_FOLDERS: Final = 256
HOSTS_FILE_BYTES: Final = 64 * KIB
HOSTS_LINE_DOTS: Final = 256
REGISTRY_HOSTS: Final = 8
HOST_HEADERS: Final = 16
MIRROR_SECONDS: Final = 3.0
# Files beside a `hosts.toml`, or in its place, that are looked at.
HOST_FOLDER_FILES: Final = 64

# Our own file of settings.
SETTINGS_BYTES: Final = 256 * KIB
# A file with the public key of an authority, and how often it is looked at, seconds.
PUBLIC_KEY_BYTES: Final = 16 * KIB
PUBLIC_KEY_SECONDS: Final = 10.0

# Signatures of one image: how many are looked at, and how large one may be. More are refused, not cut.
SIGNATURES: Final = 100
SIGNATURE_BYTES: Final = 64 * KIB
BUNDLE_BYTES: Final = 1 * MIB
# Attestations of one image: how many are looked at, how large one may be, and all of them, bytes; values in one.
ATTESTATIONS: Final = 1000
ATTESTATION_BYTES: Final = 8 * MIB
ATTESTATIONS_BYTES: Final = 32 * MIB
ATTESTATION_PARTS: Final = 524_288
# What one statement is about, and signatures of one envelope.
STATEMENT_SUBJECTS: Final = 1024
ENVELOPE_SIGNATURES: Final = 32
# What refers to one image, signatures or not, and on how many pages, of how many bytes together, a registry lists it.
REFERRERS: Final = 1000
REFERRER_PAGES: Final = 20
REFERRERS_BYTES: Final = 8 * MIB
# The tags of one repository that are read, by commands alone: as many as asked for at a time, on how many pages, of how
# many bytes together.
LISTED_TAGS: Final = 10_000
LISTED_TAGS_A_PAGE: Final = 1000
LISTED_TAG_PAGES: Final = 50
LISTED_TAGS_BYTES: Final = 8 * MIB
# Values in one bundle, in what it is about, and in one log entry.
SIGNATURE_PARTS: Final = 16_384
# What a signature carries along: timestamps, log entries, certificates, the word of a log on its tree. Signing tools
# make one timestamp, or one for each authority that they are set to ask; a log's word and those of its witnesses take
# a hundred bytes each; a timestamp with the certificates of its authority takes half of what it may.
TIMESTAMPS: Final = 4
TIMESTAMP_BYTES: Final = 16 * KIB
LOG_ENTRIES: Final = 32
CERTIFICATES: Final = 10
CHECKPOINT_CHARACTERS: Final = 8 * KIB
# How long it is looked for what an unsigned image has instead, seconds, and at how many platforms of an index.
ABSENCE_SECONDS: Final = 0.5
ABSENCE_PLATFORMS: Final = 8
# How many of an image's refused signatures a message names.
REJECTIONS_SHOWN: Final = 5
PROBLEM_CHARACTERS: Final = 5000

# What is remembered of signatures: lists of what refers to images, and results of cryptography.
REFERRERS_MEMORY_BYTES: Final = 8 * MIB
SIGNATURE_RESULTS: Final = 16384
ATTESTATION_RESULTS_BYTES: Final = 16 * MIB
SIGNATURE_KEYS: Final = 1024
# How often the files of trust roots are looked at, seconds.
TRUST_ROOT_SECONDS: Final = 10.0
# A folder of trust roots: names in its index, trust roots of one name (the old one, the new one, and those that nobody
# asks for any more but answers that are kept), and the index's bytes.
TRUST_ROOTS: Final = 64
TRUST_ROOT_VERSIONS: Final = 4
TRUST_INDEX_BYTES: Final = 256 * KIB

# The store that replicas share: connections, and how long one may take to be made; how long readers wait for it, and
# the line of writes, seconds; how long one that was lost, full or read-only is left alone, and after how many answers
# that did not come in time one after the other it is lost; how long an end waits for the line of writes, and a start
# for the first connection, seconds.
STORE_CONNECTIONS: Final = 16
STORE_CONNECT_SECONDS: Final = 0.5
STORE_READ_SECONDS: Final = 0.25
STORE_WRITE_SECONDS: Final = 1.0
STORE_AWAY_SECONDS: Final = 1.0
STORE_CLOSE_SECONDS: Final = 5.0
STORE_OPEN_SECONDS: Final = 2.0
STORE_TIMEOUTS: Final = 2
# How long a read may wait for its turn, seconds; how many wait, leave together, and are under way; bytes of one before
# it is read by itself.
STORE_WAIT_SECONDS: Final = 0.25
STORE_READS: Final = 4096
# How many names wait to be dropped, while a store that is lost, or read-only, drops none.
STORE_DROPS: Final = 4096
STORE_BATCH: Final = 64
STORE_READERS: Final = 4
STORE_PIECE_BYTES: Final = 64 * KIB
# What answers to all that one reader, or writer, asks at once may have, bytes and lines; and after how many lines
# others have their turn.
STORE_ANSWER_BYTES: Final = 8 * MIB
STORE_ANSWER_LINES: Final = 65_536
STORE_ANSWER_PORTION: Final = 512
# Bytes of writes that wait, what each counts beside its value, and names of which is known that they are written; how
# long that is believed, seconds: a store may be emptied at any time.
STORE_LINE_BYTES: Final = 8 * MIB
STORE_ENTRY_BYTES: Final = 256
STORE_NAMES: Final = 65_536
STORE_RENEWAL_SECONDS: Final = 300.0
# Of how many entries a person is shown, and drops, at most; and how many images are warmed, and side by side.
STORE_SHOWN: Final = 1_000_000
WARMED_IMAGES: Final = 100_000
WARMED_AT_ONCE: Final = 16
# After how many images in a row that a registry has no answer to it is asked for no more of them.
WARMED_IN_VAIN: Final = 32
# The key of its entries.
STORE_KEY_BYTES: Final = 32
STORE_KEY_FILE_BYTES: Final = 4 * KIB
STORE_FILE_SECONDS: Final = 10.0
# How long what one replica fetches is its own affair, how long others wait for what it writes, and how often they look,
# seconds; how many of its claims a replica remembers.
STORE_CLAIM_SECONDS: Final = 2.0
STORE_CLAIM_WAIT_SECONDS: Final = 0.4
STORE_CLAIM_PAUSE_SECONDS: Final = 0.05
STORE_CLAIMS: Final = 4096
# How long entries are kept: documents and who may read them; what tags point to and what refers to images, seconds.
STORE_CONTENT_SECONDS: Final = 7 * 86_400
STORE_RIGHT_SECONDS: Final = 86_400
# How far the clocks of two replicas may be apart, seconds.
STORE_SKEW_SECONDS: Final = 5.0
# How long after a registry's no something must have been seen to count more than that no of another replica, seconds:
# by so much its clock may be behind.
STORE_NO_SKEW_SECONDS: Final = 1.0

# Of a CUE text: its words; how deep it nests, its definitions put in their places; into how many parts it comes then,
# and how many ways a disjunction may go; the digits of a number, so that it is the same number in Rego.
CUE_WORDS: Final = 40_000
CUE_DEPTH: Final = 64
CUE_PARTS: Final = 4000
CUE_BRANCHES: Final = 512
CUE_DIGITS: Final = 15
