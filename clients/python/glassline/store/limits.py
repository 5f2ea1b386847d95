"""Every limit of a stored outbox, with what happens at it."""

#: Least and most bytes of a file of the log, which is an eighth of what the outbox holds in between. A file that is full is
#: followed by another one.
FILE_BYTES_MIN = 16 * 1024
FILE_BYTES_MAX = 4 * 1024 * 1024
#: Messages taken over after which the log notes it, where some are still held.
HEAD_EVERY_MESSAGES = 64
#: Messages that may be missing between two files of a log. A file that lies further behind is left out, as damaged.
MISSING_MESSAGES_MAX = 1 << 20
