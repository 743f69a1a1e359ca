"""What looking for images in their registries may not exceed, with its unit. None of it is a setting."""

from __future__ import annotations

from typing import Final

# How often each image is looked for, seconds, and how much earlier it may be: so they stay apart.
ROUND_SECONDS: Final = 86_400.0
JITTER_SECONDS: Final = 3600.0
# Within what time an image that is new here is looked for first, seconds: after a start not all at once.
FIRST_SECONDS: Final = 3600.0
# When it is tried again where the provider could not be asked, so that no registry was, seconds.
RETRY_SECONDS: Final = 900.0
# At most one question a registry in so many seconds.
PACE_SECONDS: Final = 1.0
# How long is waited where nothing is due, seconds.
IDLE_SECONDS: Final = 5.0
# How long an answer holds where there is no new one, seconds: one day may be missed.
KEPT_SECONDS: Final = 2 * 86_400.0
# Images that are looked for, each as often as it is pulled by others; beyond that none is. 5000 are a question each 17
# seconds.
QUESTIONS: Final = 5000
# Registries that are asked in one request to the provider.
SIDE_BY_SIDE: Final = 8
# Of what is said of an image.
SENTENCE_CHARACTERS: Final = 500
