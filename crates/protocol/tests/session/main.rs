//! What the two sides of a session do, rule by rule, as conversations.

mod notation;

mod backoff;
mod device_commands;
mod device_heartbeat;
mod device_identify;
mod device_outbox;
mod device_stored;
mod device_unsent;
mod hub_answers;
mod hub_bounds;
mod hub_heartbeat;
mod hub_order;
mod hub_serial;
mod hub_sessions;
mod lossy_pipe;
mod vectors;
