/** Frames that the other end has not acknowledged: what is beyond waits here. */
export const WINDOW_BYTES = 4 * 1024 * 1024;
/** Of the window, what calls leave to cancels, credits, releases and callback results. */
export const WINDOW_RESERVE = 128 * 1024;
/** A body above this travels in chunks. */
export const CHUNK_ABOVE = 64 * 1024;
/** The protocol allows four times as much; a small call waits for one chunk at most, in each hop. */
export const CHUNK_BYTES = 256 * 1024;
/** Of the window, what chunks use: the more of them are on their way, the longer a small call behind them takes. */
export const CHUNK_WINDOW_BYTES = 1024 * 1024;
/** A batch that has grown so large leaves before its turn has ended. */
export const BATCH_BYTES = 512 * 1024;
/** The longest silence about what was received. */
export const ACK_MS = 50;
export const ACK_FRAMES = 64;
export const ACK_BYTES = 64 * 1024;
/** Ids of calls are below this; those that the server gives are not. */
export const MAX_ID = 2 ** 40;
/** Ids left free for calls that pass a large one which is on its way. */
export const ID_GAP = 65_536;
