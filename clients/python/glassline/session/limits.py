"""Every limit of the session, with what happens at it. Those of the line protocol are the protocol's."""

#: Bytes of a line without its end. A longer one is not accepted from the program, and skipped when it is read.
LINE_BYTES_MAX = 65536
#: Levels of objects and arrays in a line, its own object being the first.
LINE_DEPTH_MAX = 16
#: Greatest number of a message or a command.
SEQ_MAX = 9007199254740991
#: Bytes of a channel's name. One with a longer name is not accepted.
CHANNEL_BYTES_MAX = 128
#: Channels in one message. One with more is not accepted.
MESSAGE_CHANNELS_MAX = 512
#: Bytes of a reason. A longer one is cut at a character.
REASON_BYTES_MAX = 256
#: Messages an outbox holds unless its program says otherwise. One more drops the oldest: counted, and declared.
OUTBOX_MESSAGES = 4096
#: Bytes of lines an outbox holds unless its program says otherwise. More drop the oldest: counted, and declared.
OUTBOX_BYTES = 1048576
#: Bytes said and not written yet, from which on nothing is said that is not numbered.
UNSENT_BYTES_MAX = 262144
#: Seconds between heartbeats, unless the program says otherwise.
HEARTBEAT_SECONDS = 15
#: The longest heartbeat that a welcome can grant, in seconds. A longer one counts as this.
HEARTBEAT_SECONDS_MAX = 86400
#: The longest that a bye can ask a device to stay away, in milliseconds. Longer counts as this.
WAIT_MS_MAX = 2147483647
#: Milliseconds without a welcome after which the device identifies again (rule D1).
WELCOME_MS_MAX = 35000
#: The same on a serial line, where the identify may have been lost.
WELCOME_SERIAL_MS_MAX = 5000
#: Least milliseconds without progress of the ack after which the connection is given up (rule D6).
PROGRESS_MS_MIN = 5000
#: Numbered messages unacked where a welcome does not say.
WINDOW_MESSAGES = 64
#: Milliseconds before the first attempt to come back, at most (rule D9).
RECONNECT_FIRST_MS = 500
#: Milliseconds before any attempt, at most.
RECONNECT_MS_MAX = 30000
#: Milliseconds of a good connection after which attempts are counted anew.
HEALTHY_MS = 60000
