/** One burst of load, for the load process to carry out. */
export interface BurstOrder {
  /** HOST:PORT. */
  address: string;
  /** `unary`: a call for each message. `stream`: one call, messages in both directions. */
  kind: 'unary' | 'stream';
  /** Messages under way at a time. */
  inFlight: number;
  /** Of calls: how many are sent a second, however many are under way; as many as are answered by default. */
  perSecond?: number;
  /** Messages in all. */
  count: number;
  /** One encoded request in base64; of a stream's, the id is put before it. */
  message: string;
  /** A shorter answer is a wrong one. */
  minAnswerBytes: number;
}

export interface BurstResult {
  /** From the first message to the last answer. */
  ms: number;
  /** Median time from message to answer. */
  medianUs: number;
  /** Answers with a gRPC status other than OK, or too short. */
  wrong: number;
  /** Each of those times, where Node sent calls. */
  timesUs?: number[];
}
