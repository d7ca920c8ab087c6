import { HostError } from '../errors.js';
import type { LogMessage, MetricsMessage, UsesMessage } from '../protocol/bind.js';
import { monotonicMs } from '../protocol/monotonic.js';
import { messageOf, type NumberedOutcome, type Outcome } from '../protocol/outcomes.js';
import { TokenBucket } from '../protocol/token-bucket.js';
import { Call, type CallRequest } from './call.js';
import { CallQueue } from './call-queue.js';
import type { CrewObserver, CrewSpec } from './crew-spec.js';
import { expire, inspectLife, type Overdue } from './deadlines.js';
import { Gate } from './gate.js';
import type { Reservation } from './ledger.js';
import type { Death, Life, LifeEvents } from './life.js';
import { cancelled, loadFailed, queueFull, settleAfter } from './verdicts.js';
import { WarmUps } from './warm-ups.js';
import { Watch } from './watch.js';

/** What a crew needs of the pool. */
export interface LifeSource {
  /** Resolves the wish for one more life by `crew.join`, now or when a thread becomes free. */
  request(crew: Crew): void;
  withdraw(crew: Crew): void;
  released(reservation: Reservation): void;
  /** Its thread is to stand back behind the others, from now on. */
  standBack(life: Life): void;
}

/** Work that is posted ahead of a worker, in guest time: enough to keep it busy, little to lose when it is killed. */
const AHEAD_US = 2_000;
const MAX_WINDOW = 256;
/** What a thread may take to end once it was told to; see `Pool.close`. */
const KILL_MS = 2_000;
/** Lives that trap or hit a limit: with more than that the next one stands back, since nobody could see how much they compute. */
const DEATHS = { perSecond: 2 };
/** Weight of the newest call in the running mean of guest times. */
const MEAN_WEIGHT = 1 / 16;

/** The lives of one plugin, and the queue before them. */
export class Crew implements LifeEvents {
  readonly spec: CrewSpec;
  readonly #source: LifeSource;
  readonly #observer: CrewObserver;
  readonly #queue: CallQueue;
  readonly #lives = new Set<Life>();
  readonly #retiring = new Set<Life>();
  readonly #reservations = new Map<Life, Reservation>();
  readonly #watch = new Watch((nowMs) => this.#inspect(nowMs));
  #requested = false;
  #stopping = false;
  #meanGuestUs = AHEAD_US;
  readonly #deaths = new TokenBucket(DEATHS);
  #diesOften = false;
  readonly #warmUps = new WarmUps();
  readonly #emptied = new Gate();
  readonly #drained = new Gate();

  constructor(spec: CrewSpec, source: LifeSource, observer: CrewObserver) {
    this.spec = spec;
    this.#source = source;
    this.#observer = observer;
    this.#queue = new CallQueue(spec.queue);
  }

  get instances(): number {
    return this.#lives.size;
  }

  /** Lives by what they do, for the gauge. */
  instancesByState(): { starting: number; idle: number; busy: number; ending: number } {
    const count = { starting: 0, idle: 0, busy: 0, ending: 0 };
    for (const life of this.#lives) {
      if (life.state === 'binding') count.starting++;
      else if (life.state !== 'ready' || this.#retiring.has(life)) count.ending++;
      else if (life.load > 0) count.busy++;
      else count.idle++;
    }
    return count;
  }

  get queueLength(): number {
    return this.#queue.length;
  }

  get queueBytes(): number {
    return this.#queue.bytes;
  }

  /** Whether calls wait or run. */
  get busy(): boolean {
    if (this.#queue.length > 0) return true;
    for (const life of this.#lives) if (life.load > 0) return true;
    return false;
  }

  get lives(): ReadonlySet<Life> {
    return this.#lives;
  }

  /**
   * Takes a call; its outcome comes through `settle`.
   *
   * @throws HostError QUEUE_FULL at once when the queue is full.
   */
  submit(request: CallRequest): Call {
    const call = new Call(request, this.spec.callFuel, this.#observer);
    if (!this.#queue.push(call)) {
      this.#observer.limited(this.#queue.length < this.spec.queue.maxCalls ? 'queued-bytes' : 'queued-calls');
      const waitMs = (this.#meanGuestUs / 1000) * (this.#queue.length / Math.max(1, this.#lives.size));
      throw queueFull(this.spec.binding.plugin, this.#queue.length, waitMs);
    }
    if (call.deadlineMs !== Infinity) this.#watch.armBy(call.deadlineMs);
    this.#pump();
    return call;
  }

  /** The caller went away: see design, "Cancellation". A running call of a stateful plugin ends under its own limit. */
  cancel(call: Call): void {
    if (call.settled) return;
    call.settle(cancelled('the caller went away'));
    if (this.spec.stateful) return;
    for (const life of this.#lives) {
      if (life.running()?.call === call) this.#kill(life, 'cancelled', 'its caller went away');
    }
  }

  /**
   * Makes sure that one life is bound and ready.
   *
   * @throws HostError PLUGIN_LOAD_FAILED with the plugin's own words; CAPACITY when no thread became free in time.
   */
  warmUp(): Promise<void> {
    for (const life of this.#lives) if (life.state === 'ready') return Promise.resolve();
    const ready = this.#warmUps.wait();
    this.#request();
    return ready;
  }

  /** The pool has a life for this crew. */
  join(life: Life, reservation: Reservation): void {
    this.#requested = false;
    this.#lives.add(life);
    this.#reservations.set(life, reservation);
    life.bind(this.spec.binding, this.spec.host, this);
    this.#watch.armBy(monotonicMs() + this.spec.lifecycleMs);
  }

  /** Gives a life's thread back: it gets no further calls, ends what it has, and is ended. */
  retire(life: Life): void {
    this.#retiring.add(life);
    if (life.load === 0) life.end(this.spec.lifecycleMs);
  }

  /** Takes no more calls, waits for those it has for at most `drainMs`, then ends all lives. */
  async stop(drainMs: number): Promise<void> {
    this.#stopping = true;
    this.#source.withdraw(this);
    this.#warmUps.reject(
      new HostError('PLUGIN_LOAD_FAILED', 'the plugin was taken out of service while it was loaded'),
    );
    if (this.busy && this.#lives.size > 0) await this.#drained.wait(drainMs);
    this.#settleWaiting(cancelled('the plugin was taken out of service'));
    for (const life of this.#lives) {
      if (life.load > 0) life.kill('ended', 'the plugin was taken out of service');
      else life.end(this.spec.lifecycleMs);
    }
    if (this.#lives.size > 0) await this.#emptied.wait(this.spec.lifecycleMs + KILL_MS);
    this.#watch.stop();
  }

  bound(life: Life): void {
    if (this.#diesOften) this.#source.standBack(life);
    this.#warmUps.resolve();
    this.#pump();
  }

  outcome(life: Life, call: Call, outcome: NumberedOutcome): void {
    this.#meanGuestUs += (outcome.guestTimeUs - this.#meanGuestUs) * MEAN_WEIGHT;
    if (outcome.dead) {
      const reason = outcome.limit === 'none' ? outcome.type : outcome.limit;
      this.#observer.killed(reason, messageOf(outcome), { ...call.origin(), fuel: outcome.fuel });
    }
    call.settle(outcome);
    if (this.#retiring.has(life) && life.load === 0) life.end(this.spec.lifecycleMs);
    this.#pump();
    if (this.#stopping && !this.busy) this.#drained.open();
  }

  log(life: Life, message: LogMessage): void {
    this.#observer.log(message, (call) => life.originOf(call));
  }

  metrics(_life: Life, message: MetricsMessage): void {
    this.#observer.metrics(message);
  }

  uses(_life: Life, message: UsesMessage): void {
    this.#observer.uses(message);
  }

  dead(life: Life, death: Death): void {
    this.#lives.delete(life);
    this.#retiring.delete(life);
    const reservation = this.#reservations.get(life);
    this.#reservations.delete(life);
    if (death.cause === 'heap' || death.cause === 'fault')
      this.#observer.killed(death.cause, death.message, death.running?.origin());
    if (death.cause === 'guest' || death.cause === 'killed') this.#diesOften = this.#deaths.take() > 0;
    settleAfter(death);
    if (death.cause === 'bind-failed') this.#bindFailed(death.message);
    else this.#queue.putBack(death.unstarted);
    if (reservation !== undefined) this.#source.released(reservation);
    if (this.#stopping) return this.#deadWhileStopping();
    if (this.spec.stateful && death.cause !== 'ended' && death.cause !== 'bind-failed') this.#request();
    this.#pump();
  }

  #deadWhileStopping(): void {
    if (this.#lives.size === 0) {
      this.#settleWaiting(cancelled('the plugin was taken out of service'));
      this.#emptied.open();
    }
    if (!this.busy) this.#drained.open();
  }

  /** What waits would fail the same way; the next call that is submitted tries again. */
  #bindFailed(message: string): void {
    this.#observer.killed('bind-failed', message);
    const error = new HostError('PLUGIN_LOAD_FAILED', `the plugin could not be loaded: ${message}`);
    this.#warmUps.reject(error);
    this.#settleWaiting(loadFailed(message));
  }

  #settleWaiting(outcome: Outcome): void {
    for (let call = this.#queue.take(); call !== undefined; call = this.#queue.take()) call.settle(outcome);
  }

  /** How many calls may be at a worker: about two milliseconds of work. */
  get #window(): number {
    return Math.max(1, Math.min(MAX_WINDOW, Math.floor(AHEAD_US / Math.max(1, this.#meanGuestUs))));
  }

  #pump(): void {
    const window = this.#window;
    while (this.#queue.length > 0) {
      const life = this.#leastLoaded(window);
      if (life === undefined) break;
      const call = this.#queue.take();
      if (call === undefined) break;
      life.enqueue(call);
      this.#watch.armBy(monotonicMs() + this.spec.callMs);
    }
    if (this.#queue.length > 0) this.#request();
  }

  #leastLoaded(window: number): Life | undefined {
    let best: Life | undefined;
    for (const life of this.#lives) {
      if (life.state !== 'ready' || life.load >= window || this.#retiring.has(life)) continue;
      if (best === undefined || life.load < best.load) best = life;
    }
    return best;
  }

  #request(): void {
    if (this.#requested || this.#stopping) return;
    let serving = 0;
    for (const life of this.#lives) {
      if (life.state === 'binding') return;
      if (!this.#retiring.has(life)) serving++;
    }
    if (serving >= this.spec.maxLives) return;
    this.#requested = true;
    this.#source.request(this);
  }

  /** Looks at every deadline; returns the next moment to look. */
  #inspect(nowMs: number): number {
    let next = Infinity;
    for (const call of this.#queue) next = Math.min(next, expire(call, nowMs));
    for (const life of this.#lives) {
      next = Math.min(
        next,
        inspectLife(life, this.spec, nowMs, (why) => this.#overdue(life, why)),
      );
    }
    return next;
  }

  #overdue(life: Life, why: Overdue): void {
    if (why === 'running') this.#kill(life, 'deadline', 'a call took longer than it may');
    else this.#kill(life, 'deadline', 'loading took longer than it may', 'bind-failed');
  }

  #kill(life: Life, reason: 'deadline' | 'cancelled', message: string, cause: Death['cause'] = 'killed'): void {
    // Its caller may hang up right when its time is over: that is one end.
    if (life.killed) return;
    this.#observer.killed(reason, message, life.running()?.call.origin());
    life.kill(cause, message);
  }
}
