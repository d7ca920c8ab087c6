import type { ServerDuplexStream, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import type { Dispatcher, Done, Ticket } from '../dispatch/dispatcher.js';
import { decodeInvokeToolRequest, decodeProcessSignalRequest, peekSignalLayer } from '../protocol/codec.js';
import { EMPTY } from '../protocol/wire.js';
import { encodeResults } from './answers.js';
import { executionDefinition, type ServiceBinding, withRawMessages } from './definitions.js';
import { answer, type HandlerContext, refuse } from './handlers.js';
import { readRequest, requestContext, text } from './request.js';
import { serveSignalStream } from './signal-stream.js';
import { type ListToolsRequest, listTools } from './tools.js';

type Unary = ServerUnaryCall<Buffer, Buffer>;
type Reply = sendUnaryData<Buffer>;

/**
 * The service PluginExecution. Its hot methods get and give encoded messages: the main thread reads from them only what
 * routing needs, and a worker does the rest.
 */
export function executionService(dispatcher: Dispatcher, context: HandlerContext): ServiceBinding {
  return {
    definition: withRawMessages(executionDefinition, ['ProcessSignal', 'InvokeTool', 'StreamSignals']),
    implementation: {
      ProcessSignal: (call: Unary, reply: Reply) => new UnaryCall(context, 'ProcessSignal', call, reply).start(processSignal(dispatcher, call)),
      InvokeTool: (call: Unary, reply: Reply) => new UnaryCall(context, 'InvokeTool', call, reply).start(invokeTool(dispatcher, call)),
      StreamSignals: (stream: ServerDuplexStream<Buffer, Buffer>) => serveSignalStream(dispatcher, context, stream),
      ListTools: (call: ServerUnaryCall<ListToolsRequest, object>, reply: sendUnaryData<object>) =>
        answer(context, 'ListTools', reply, () => listTools(dispatcher, call.request)),
    },
  };
}

/** Sends a request on its way, with the request id that its answer echoes. */
type Start = (done: Done) => { ticket: Ticket; requestId: Uint8Array };

/** One unary call whose answer comes from plugins: takes a place, cancels when the caller goes away, answers once. */
class UnaryCall {
  readonly #context: HandlerContext;
  readonly #method: string;
  readonly #call: Unary;
  readonly #reply: Reply;

  constructor(context: HandlerContext, method: string, call: Unary, reply: Reply) {
    this.#context = context;
    this.#method = method;
    this.#call = call;
    this.#reply = reply;
  }

  start(start: Start): void {
    const refusal = this.#context.inFlight.enter();
    if (refusal !== undefined) return this.#refuse(refusal);
    try {
      const { ticket, requestId } = start((answers, refused) => {
        this.#context.inFlight.leave();
        if (refused === undefined) this.#reply(null, encodeResults(answers, requestId));
        else this.#refuse(refused);
      });
      this.#call.on('cancelled', () => ticket.cancel());
    } catch (error) {
      this.#context.inFlight.leave();
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): void {
    this.#reply(refuse(this.#context, this.#method, error), null);
  }
}

const processSignal =
  (dispatcher: Dispatcher, call: Unary): Start =>
  (done) => {
    const { requestId, ...request } = readRequest(() => decodeProcessSignalRequest(call.request));
    const signal = request.signal ?? EMPTY;
    const layer = readRequest(() => peekSignalLayer(signal, 0, signal.length));
    const route = { layer, neuronType: text(request.neuronType), pluginId: text(request.pluginId) };
    return { ticket: dispatcher.signal({ signal, ...route, ...requestContext(call, requestId) }, done), requestId };
  };

const invokeTool =
  (dispatcher: Dispatcher, call: Unary): Start =>
  (done) => {
    const { requestId, tool, pluginId } = readRequest(() => decodeInvokeToolRequest(call.request));
    const route = { tool: text(tool), pluginId: text(pluginId) };
    return { ticket: dispatcher.tool({ message: call.request, ...route, ...requestContext(call, requestId) }, done), requestId };
  };
