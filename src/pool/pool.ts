import type { MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { HostError } from '../errors.js';
import { stands } from '../protocol/defences.js';
import { monotonicMs } from '../protocol/monotonic.js';
import { Crew, type LifeSource } from './crew.js';
import type { CrewObserver, CrewSpec } from './crew-spec.js';
import { Ledger, type Reservation } from './ledger.js';
import { Life } from './life.js';
import { Niceness } from './niceness.js';

export interface PoolOptions {
  /** The worker's entry: a CommonJS file with the life as its default export. */
  workerFile: string;
  maxThreads: number;
  /** For guests' memories and threads together. */
  maxMemoryBytes: number;
  /** What a thread costs besides its guest's memory. */
  threadBytes: number;
  workerHeapMb: number;
  stackBytes: number;
  /** Unbound lives that are kept ready. */
  spares: number;
  /** A stateless plugin's life without calls is given back after this time. */
  idleMs: number;
  /** A life may keep its thread this long before it has to share it with another plugin. */
  quantumMs: number;
  /** A thread failed while it ran no life: a fault of the server, to be logged. */
  onThreadError: (error: unknown) => void;
}

/**
 * The one pool of threads. Each of its tasks is a life and never returns. Crews ask for lives; when there is no thread
 * or memory left they wait in line, and threads are taken from those who have most, so that one plugin that is flooded
 * cannot starve the others.
 */
export class Pool implements LifeSource {
  readonly ledger: Ledger;
  readonly #options: PoolOptions;
  readonly #piscina: Piscina;
  readonly #crews = new Set<Crew>();
  readonly #waiting = new Set<Crew>();
  /** Of stateful plugins: their one life. */
  readonly #standing = new Map<Crew, Reservation>();
  /** What the lives of a plugin share. */
  readonly #shared = new Map<Crew, Reservation>();
  readonly #niceness = new Niceness();
  #spares: Life[] = [];
  #sweeper: NodeJS.Timeout | undefined;
  #stopping = false;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.ledger = new Ledger(options);
    this.#piscina = new Piscina({
      filename: options.workerFile,
      minThreads: 0,
      maxThreads: options.maxThreads,
      idleTimeout: 1_000,
      atomics: 'disabled',
      recordTiming: false,
      env: {},
      execArgv: [],
      resourceLimits: {
        maxOldGenerationSizeMb: options.workerHeapMb,
        maxYoungGenerationSizeMb: 4,
        stackSizeMb: stands('stack-cap') ? options.stackBytes / 2 ** 20 : 512,
      },
    });
    this.#piscina.on('error', options.onThreadError);
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#sweeper.unref();
    this.#fillSpares();
  }

  get threads(): number {
    return this.ledger.threads;
  }

  /**
   * A crew for one plugin. Its assets' memory, and a stateful plugin's thread and memory, are reserved here, for as long as it
   * is active.
   *
   * @throws HostError CAPACITY when they do not fit.
   */
  recruit(spec: CrewSpec, observer: CrewObserver): Crew {
    if (this.#stopping) throw new HostError('STOPPING', 'the server is stopping; call another one, or later');
    const crew = new Crew(spec, this, observer);
    const shared = { threads: 0, memoryBytes: spec.binding.assets?.bytes.byteLength ?? 0 };
    const standing = spec.stateful ? this.#needOf(crew) : NOTHING;
    const need = { threads: standing.threads, memoryBytes: standing.memoryBytes + shared.memoryBytes };
    if (!this.#tryReserve(need)) throw this.#noCapacity(spec, need);
    this.#shared.set(crew, shared);
    if (spec.stateful) this.#standing.set(crew, standing);
    this.#crews.add(crew);
    return crew;
  }

  /** Stops a crew and gives back what it had. */
  async dismiss(crew: Crew, drainMs: number): Promise<void> {
    await crew.stop(drainMs);
    this.#crews.delete(crew);
    for (const reservations of [this.#standing, this.#shared]) {
      const reserved = reservations.get(crew);
      reservations.delete(crew);
      if (reserved !== undefined) this.released(reserved);
    }
  }

  request(crew: Crew): void {
    this.#waiting.add(crew);
    this.#serve();
  }

  withdraw(crew: Crew): void {
    this.#waiting.delete(crew);
  }

  released(reservation: Reservation): void {
    this.ledger.release(reservation);
    this.#serve();
    this.#fillSpares();
  }

  standBack(life: Life): void {
    this.#niceness.lower(life, monotonicMs());
  }

  /** From now on `recruit` refuses: the server stops. */
  stopRecruiting(): void {
    this.#stopping = true;
  }

  /**
   * Ends every thread; crews have been dismissed before.
   *
   * @returns false when a thread does not end: then the process has to be killed, since it waits for its threads.
   */
  async close(): Promise<boolean> {
    this.#closed = true;
    clearInterval(this.#sweeper);
    for (const life of this.#spares.splice(0)) life.kill('ended', 'the server stops');
    const ended = this.#piscina.destroy().then(() => true);
    let timer: NodeJS.Timeout | undefined;
    const stuck = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), THREAD_END_MS);
    });
    const allEnded = await Promise.race([ended, stuck]);
    clearTimeout(timer);
    return allEnded;
  }

  #tryReserve(need: Reservation): boolean {
    return this.ledger.tryReserve(need) || (this.#yieldSpares() && this.ledger.tryReserve(need));
  }

  #needOf(crew: Crew): Reservation {
    return { threads: 1, memoryBytes: this.#options.threadBytes + crew.spec.binding.limits.memoryBytes };
  }

  #spareNeed(): Reservation {
    return { threads: 1, memoryBytes: this.#options.threadBytes };
  }

  /** Gives lives to those in line, first come first served; takes threads back from others when there are none. */
  #serve(): void {
    for (const crew of this.#waiting) {
      if (this.#closed) return;
      const standing = this.#standing.get(crew);
      if (standing !== undefined) {
        this.#join(crew, NOTHING);
        continue;
      }
      const need = this.#needOf(crew);
      if (!this.#tryReserve(need)) {
        this.#reclaim(crew);
        return;
      }
      this.#join(crew, need);
    }
  }

  #join(crew: Crew, reservation: Reservation): void {
    this.#waiting.delete(crew);
    crew.join(this.#takeSpare() ?? this.#start(), reservation);
    setImmediate(() => this.#fillSpares());
  }

  #takeSpare(): Life | undefined {
    for (let life = this.#spares.pop(); life !== undefined; life = this.#spares.pop()) {
      this.ledger.release(this.#spareNeed());
      if (life.state === 'unbound') return life;
    }
    return undefined;
  }

  #start(): Life {
    return new Life((port: MessagePort, signal: AbortSignal) =>
      this.#piscina.run({ port }, { transferList: [port], signal }),
    );
  }

  #fillSpares(): void {
    if (this.#closed || this.#waiting.size > 0) return;
    while (this.#spares.length < this.#options.spares && this.ledger.tryReserve(this.#spareNeed())) {
      this.#spares.push(this.#start());
    }
  }

  /** Gives up what the spares hold in the ledger; true when there was something. */
  #yieldSpares(): boolean {
    if (this.#spares.length === 0) return false;
    for (const life of this.#spares.splice(0)) {
      life.kill('ended', 'its thread is needed');
      this.ledger.release(this.#spareNeed());
    }
    return true;
  }

  /**
   * Retires one life of a stateless plugin. One that has instances already gets only what others have beyond its own share; one
   * that has none gets an idle instance first, else one of those who have most, else that of the longest at work, once it has
   * had its quantum.
   */
  #reclaim(claimant: Crew): void {
    let ending = 0;
    for (const crew of this.#crews) ending += crew.instancesByState().ending;
    if (ending >= this.#waiting.size) return;
    const nowMs = monotonicMs();
    let best: { crew: Crew; life: Life; rank: number } | undefined;
    for (const crew of this.#crews) {
      if (crew === claimant || crew.spec.stateful) continue;
      if (claimant.instances > 0 && crew.instances <= claimant.instances + 1) continue;
      for (const life of crew.lives) {
        const heldMs = nowMs - life.boundAtMs;
        const idle = life.load === 0 && crew.queueLength === 0;
        if (life.state !== 'ready' || (crew.instances === 1 && heldMs < this.#options.quantumMs)) continue;
        const rank = (idle ? 2e12 : 0) + crew.instances * 1e9 + heldMs;
        if (best === undefined || rank > best.rank) best = { crew, life, rank };
      }
    }
    best?.crew.retire(best.life);
  }

  *#lives(): Generator<Life> {
    for (const crew of this.#crews) yield* crew.lives;
  }

  /** Gives idle threads back, lets those in line have their turn when a quantum has passed, and the greedy stand back. */
  #sweep(): void {
    const nowMs = monotonicMs();
    const idleSince = nowMs - this.#options.idleMs;
    for (const crew of this.#crews) {
      if (crew.spec.stateful || crew.busy) continue;
      for (const life of crew.lives) if (life.state === 'ready' && life.idleSinceMs < idleSince) crew.retire(life);
    }
    if (this.#waiting.size > 0) this.#serve();
    this.#niceness.look(this.#lives(), nowMs);
  }

  #noCapacity({ binding, stateful }: CrewSpec, need: Reservation): HostError {
    const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
    const { threads, maxThreads, memoryBytes, maxMemoryBytes } = this.ledger;
    return new HostError(
      'CAPACITY',
      `plugin ${binding.plugin.name} ${stateful ? 'is stateful and needs a thread and' : 'has assets and needs'} ${mib(need.memoryBytes)} for as long as it is active; ` +
        `${threads} of ${maxThreads} threads and ${mib(memoryBytes)} of ${mib(maxMemoryBytes)} are promised already: ` +
        `deactivate another plugin, ${stateful ? 'lower requirements.max_memory_mb, ' : ''}or give the server more`,
    );
  }
}

/** How often idle instances are looked for, and those in line given their turn. */
const SWEEP_MS = 100;
/** A thread that is told to end does so in 2 to 12 ms, but for code that the engine cannot interrupt. */
const THREAD_END_MS = 2_000;
const NOTHING: Reservation = { threads: 0, memoryBytes: 0 };
