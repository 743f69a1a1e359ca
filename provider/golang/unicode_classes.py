r"""Names that Go's regular expressions know in \p{…}: Unicode's general categories, their aliases, and scripts.

Case, blanks, underscores and hyphens in a name do not count. Scripts of several words are not here, for Go (1.25 and
later) does not find them.
"""

from __future__ import annotations

from typing import Final

_CATEGORIES: Final = (
    "C Cc Cf Cn Co Cs L LC Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs "
    "Any Assigned ASCII"
)
_ALIASES: Final = (
    "Cased_Letter Close_Punctuation Combining_Mark Connector_Punctuation Control Currency_Symbol Dash_Punctuation "
    "Decimal_Number Enclosing_Mark Final_Punctuation Format Initial_Punctuation Letter Letter_Number Line_Separator "
    "Lowercase_Letter Mark Math_Symbol Modifier_Letter Modifier_Symbol Nonspacing_Mark Number Open_Punctuation Other "
    "Other_Letter Other_Number Other_Punctuation Other_Symbol Paragraph_Separator Private_Use Punctuation Separator "
    "Space_Separator Spacing_Mark Surrogate Symbol Titlecase_Letter Unassigned Uppercase_Letter cntrl digit punct"
)
_SCRIPTS: Final = (
    "Adlam Ahom Arabic Armenian Avestan Balinese Bamum Batak Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese "
    "Buhid Carian Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari "
    "Dogra Duployan Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gurmukhi Han "
    "Hangul Hanunoo Hatran Hebrew Hiragana Inherited Javanese Kaithi Kannada Katakana Kawi Kharoshthi Khmer "
    "Khojki Khudawadi Lao Latin Lepcha Limbu Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean "
    "Marchen Medefaidrin Miao Modi Mongolian Mro Multani Myanmar Nabataean Nandinagari Newa Nko Nushu Ogham Oriya "
    "Osage Osmanya Palmyrene Phoenician Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham Sinhala Sogdian "
    "Soyombo Sundanese Syriac Tagalog Tagbanwa Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh "
    "Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Yezidi Yi"
)
_SEPARATORS: Final = str.maketrans("", "", " _-")


def is_class(name: str) -> bool:
    r"""Whether \p{name} is a class of characters."""
    return _canonical(name) in _NAMES


def _canonical(name: str) -> str:
    return name.translate(_SEPARATORS).lower()


_NAMES: Final = frozenset(map(_canonical, f"{_CATEGORIES} {_ALIASES} {_SCRIPTS}".split()))
