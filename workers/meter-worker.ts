/**
 * The entry of the thread that meters one module and ends: rewriting takes as long as the module is large, which is too
 * long for the main thread. What it reads has been checked and bounded there.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { carryOut, type MeterOrder } from '../src/wasm/fuel/meter-order.js';

parentPort?.postMessage(carryOut(workerData as MeterOrder));
