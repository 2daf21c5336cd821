"""Names the limits that Discord's documents set: in characters, unless something else is said."""

from typing import Final

# https://discord.com/developers/docs/resources/message
CONTENT: Final = 2000  # of a message
EMBED_TEXT: Final = 4096  # of an embed's description
EMBED_FIELD: Final = 1024  # of the value of an embed's field
NONCE: Final = 25  # of a message
ALT_TEXT: Final = 1024  # of an attachment's description
FILE: Final = 10 * 1024 * 1024  # bytes of a file that every channel takes

# https://discord.com/developers/docs/components/reference
CUSTOM_ID: Final = 100
BUTTON: Final = 80  # of a button's label
OPTION: Final = 100  # of the label, the description and the value of a select's option
OPTIONS: Final = 25  # of a select, and channels that can be chosen with one
PLACEHOLDER: Final = 150  # of a select
FORM_TITLE: Final = 45
FORM_LABEL: Final = 45  # of a field's name
FORM_TEXT: Final = 4000  # of a field
FORM_HINT: Final = 100  # of a field's placeholder
FORM_FIELDS: Final = 5
FORM_CHECKS: Final = 10  # of a group of boxes to tick

# https://discord.com/developers/docs/interactions/application-commands
CHOICE: Final = 100  # of the name and the value of a choice
CHOICES: Final = 25  # of an option
