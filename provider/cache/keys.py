"""The table of cache keys: what a remembered thing depends on, and nothing else.

| what                    | key                                     | where  | for how long                    |
|-------------------------|-----------------------------------------|--------|---------------------------------|
| blob, manifest          | digest                                  | memory | for good, within a byte bound   |
|                         |                                         | store  | a week; hashed when it is read  |
| who may read it         | digest, repository, credential          | memory | as long as the document         |
|                         |                                         | store  | a day, under a seal             |
| tag → digest            | repository, tag, credential             | memory | believed for a time to live,    |
|                         |                                         |        | then asked for by HEAD; good    |
|                         |                                         |        | enough for `stale_seconds`      |
|                         |                                         |        | while the registry is away      |
|                         |                                         | store  | the same, under a seal          |
| referrers               | repository, digest, credential          | memory | as a tag                        |
|                         |                                         | store  | the same, under a seal          |
| absence of signatures   | as the tag, or the referrers, that are  | memory | as a tag; where it denies, for  |
|                         | not there                               |        | a second (`PASSING_SECONDS`)    |
|                         |                                         | store  | the same, under a seal          |
| that a registry said no | as the tag, or the referrers, that it   | memory | `stale_seconds`, within a       |
|                         | said it of                              |        | number                          |
|                         |                                         | store  | `stale_seconds`, under a seal   |
| cryptographic result    | digest of the signed material, digest   | memory | for good, within a number       |
|                         | of the image, revision of key or root   |        |                                 |
| token                   | realm, service, scope, credential       | memory | as its issuer says, within a    |
|                         |                                         |        | byte bound                      |
| challenge               | registry; repository, where its scope   | memory | an hour, or until it gives no   |
|                         | is good for that one alone              |        | token; within a number          |

"Store" is the one that replicas share, where there is one (`provider.cache.shared`); what stands there only as "memory"
never leaves the process.

Content is given to whoever has the right to read it: a repository with a credential that fetched it, or that passed a
HEAD of its own at a registry that has sent it before (another registry could say yes to anything, so it has to send
it). The absence of an image, a manifest or a blob is never remembered. Single flight uses the same keys, except for
content: there two callers share a fetch only if repository and credential are the same.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ContentKey:
    """A manifest or blob: content that never changes."""

    digest: str


@dataclass(frozen=True)
class Right:
    """Who may read a document.

    Attributes:
        context: `registry/repository` that it was read from.
        credential: identity of the credential that read it.
    """

    context: str
    credential: str

    @property
    def registry(self) -> str:
        """`host[:port]`."""
        return self.context.partition("/")[0]


@dataclass(frozen=True)
class TagKey:
    """What a tag points to, as one credential sees it."""

    context: str
    tag: str
    credential: str


@dataclass(frozen=True)
class TokenKey:
    """A bearer token.

    Attributes:
        realm: URL of the token service.
        service: name of the registry there.
        scope: `repository:NAME:pull`.
        credential: identity of the credential it was given for.
    """

    realm: str
    service: str
    scope: str
    credential: str


@dataclass(frozen=True)
class ChallengeKey:
    """What a registry wants to be shown.

    Attributes:
        registry: its origin, `https://host[:port]`.
        repository: empty for all of its repositories.
    """

    registry: str
    repository: str = ""


@dataclass(frozen=True)
class FetchKey:
    """A fetch that is going on: a document, by one right."""

    content: ContentKey
    right: Right


@dataclass(frozen=True)
class ResultKey:
    """What cryptography makes of a signature.

    Attributes:
        material: digest of everything that is verified.
        image: digest of what must be signed.
        revision: key or trust roots, and what is asked of them.
    """

    material: str
    image: str
    revision: str
