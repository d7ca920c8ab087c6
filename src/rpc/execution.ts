import type { ServerDuplexStream, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import type { Dispatcher, Done, Ticket } from '../dispatch/dispatcher.js';
import { decodeInvokeToolRequest, decodeProcessSignalRequest, peekSignalLayer } from '../protocol/codec.js';
import { EMPTY } from '../protocol/wire.js';
import { encodeResults } from './answers.js';
import { executionDefinition, type ServiceBinding, withRawMessages } from './definitions.js';
import { answer, type HandlerContext, refuse } from './handlers.js';
import { readRequest, requestContext, text } from './request.js';
import type { SignalStreams } from './signal-stream.js';
import { type ListToolsRequest, listTools } from './tools.js';

type Unary = ServerUnaryCall<Buffer, Buffer>;
type Reply = sendUnaryData<Buffer>;

/**
 * The service PluginExecution. Its hot methods get and give encoded messages: the main thread reads from them only what
 * routing needs, and a worker does the rest.
 */
export function executionService(dispatcher: Dispatcher, streams: SignalStreams, context: HandlerContext): ServiceBinding {
  return {
    definition: withRawMessages(executionDefinition, ['ProcessSignal', 'InvokeTool', 'StreamSignals']),
    implementation: {
      ProcessSignal: (call: Unary, reply: Reply) =>
        start(context, 'ProcessSignal', call, reply, (done) => processSignal(dispatcher, call, done)),
      InvokeTool: (call: Unary, reply: Reply) =>
        start(context, 'InvokeTool', call, reply, (done) => invokeTool(dispatcher, call, done)),
      StreamSignals: (stream: ServerDuplexStream<Buffer, Buffer>) => streams.serve(stream),
      ListTools: (call: ServerUnaryCall<ListToolsRequest, object>, reply: sendUnaryData<object>) =>
        void answer(context, 'ListTools', reply, () => listTools(dispatcher, call.request)),
    },
  };
}

/** A request on its way, and the request id that its answer echoes. */
interface Started {
  ticket: Ticket;
  requestId: Uint8Array;
}

function processSignal(dispatcher: Dispatcher, call: Unary, done: Done): Started {
  const { requestId, ...request } = readRequest(() => decodeProcessSignalRequest(call.request));
  const signal = request.signal ?? EMPTY;
  const layer = readRequest(() => peekSignalLayer(signal, 0, signal.length));
  const route = { layer, neuronType: text(request.neuronType), pluginId: text(request.pluginId) };
  return { ticket: dispatcher.signal({ signal, ...route, ...requestContext(call, requestId) }, done), requestId };
}

function invokeTool(dispatcher: Dispatcher, call: Unary, done: Done): Started {
  const { requestId, tool, pluginId } = readRequest(() => decodeInvokeToolRequest(call.request));
  const route = { tool: text(tool), pluginId: text(pluginId) };
  const message = call.request;
  return { ticket: dispatcher.tool({ message, ...route, ...requestContext(call, requestId) }, done), requestId };
}

/** Starts a call that plugins answer: it takes a place, is answered or refused once, and cancelled when nobody waits. */
function start(
  context: HandlerContext,
  method: string,
  call: Unary,
  reply: Reply,
  send: (done: Done) => Started,
): void {
  const full = context.inFlight.enter();
  if (full !== undefined) return reply(refuse(context, method, full), null);
  try {
    const { ticket, requestId } = send((answers, refusal) => {
      context.inFlight.leave();
      if (refusal === undefined) reply(null, encodeResults(answers, requestId));
      else reply(refuse(context, method, refusal), null);
    });
    call.on('cancelled', () => ticket.cancel());
  } catch (error) {
    context.inFlight.leave();
    reply(refuse(context, method, error), null);
  }
}
