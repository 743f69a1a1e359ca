# METADATA
# title: Limits
# description: |
#   What nobody may exceed. Made of provider/limits.py (`make generate`): do not edit.
package lib.bestbefore.limits

import future.keywords

# METADATA
# description: |
#   The images of one object that are judged.
images := 256

# METADATA
# description: |
#   A question that a violation repeats; the provider takes no longer one.
key_characters := 4096

# METADATA
# description: |
#   A name that a violation repeats.
name_characters := 253

# METADATA
# description: |
#   A uid, an operation or a kind that a violation repeats.
word_characters := 64
