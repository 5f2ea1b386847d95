// Every limit of this library and, from spec/protocol.md, of the lines that it speaks; with what happens at it.

/** Bytes of a line without its end. A message that would be longer is not accepted; a longer one of the hub is skipped. */
export const LINE_BYTES_MAX = 65_536;
/** Levels of objects and arrays in a line, the line's own object being the first. Deeper values are not accepted. */
export const LINE_DEPTH_MAX = 16;
/** The smallest `lineMax`, in bytes. A smaller one throws at the constructor. */
export const LINE_MAX_BYTES_MIN = 256;
/** The highest number of a message. */
export const SEQ_MAX = Number.MAX_SAFE_INTEGER;
/** Bytes of a channel's name. A longer one is not accepted. */
export const CHANNEL_BYTES_MAX = 128;
/** Channels in one message. More are not accepted. */
export const MESSAGE_CHANNELS_MAX = 512;
/** Bytes of a `reason`; what is longer is cut at a character. */
export const REASON_BYTES_MAX = 256;
/** Numbered messages that may be unacked where a welcome does not say. */
export const WINDOW_MESSAGES = 64;
/** Seconds between heartbeats unless the program says otherwise. */
export const HEARTBEAT_SECONDS = 15;
/** The longest heartbeat that a welcome can grant, in seconds. A longer one counts as this. */
export const HEARTBEAT_SECONDS_MAX = 86_400;
/** The longest time that a timer can take, in milliseconds, and so that a bye can ask a device to stay away. Longer counts as this. */
export const TIMER_MS_MAX = 2 ** 31 - 1;
/** Bytes said and not written yet, beyond which nothing unnumbered is said, no heartbeat and no probe. */
export const UNSENT_BYTES_MAX = 4 * LINE_BYTES_MAX;
/** Seconds in which a welcome answers an identify; then the device identifies again (D1). */
export const WELCOME_SECONDS_MAX = 35;
/** The same on a serial line. */
export const WELCOME_SERIAL_SECONDS_MAX = 5;
/** Least seconds without progress of the ack, after which a connection is dropped (D6). */
export const PROGRESS_SECONDS_MIN = 5;
/** Milliseconds within which a device comes back the first time; it doubles with each attempt (D9). */
export const RECONNECT_FIRST_MS = 500;
/** The most of it, in milliseconds. */
export const RECONNECT_MS_MAX = 30_000;
/** Seconds a welcome must have held before attempts are counted anew (D9). */
export const HEALTHY_SECONDS = 60;
/** Milliseconds that making a connection may take; then it counts as failed. */
export const CONNECT_MS_MAX = 10_000;
/** Milliseconds of silence after which the system probes a TCP connection. */
export const TCP_KEEPALIVE_MS = 15_000;
/** Milliseconds that a connection which is left has for writing what is under way. */
export const LEAVE_MS_MAX = 1_000;

/** Messages an outbox holds unless the program says otherwise. One more drops the oldest: counted, and declared. */
export const OUTBOX_MESSAGES = 4096;
/** Bytes of lines an outbox holds unless the program says otherwise. More drop the oldest: counted, and declared. */
export const OUTBOX_BYTES = 1 << 20;
/**
 * Calls of handlers that wait because one is still running. At the limit a command is answered as failed, and what else
 * there is to tell is not told.
 */
export const CALLS_WAITING_MAX = 256;

/** Least bytes of a file of a stored outbox's log; a file has an eighth of what the outbox holds. Then another begins. */
export const FILE_BYTES_MIN = 16 * 1024;
/** The most of it. */
export const FILE_BYTES_MAX = 4 * 1024 * 1024;
/** Messages taken over after which the log notes it, where some are still held. */
export const HEAD_EVERY_MESSAGES = 64;
/** Messages that may be missing between two files of a log. A file that lies further behind is left out, as damaged. */
export const MISSING_MESSAGES_MAX = 1 << 20;
