import type { ServerDuplexStream, ServerUnaryCall, sendUnaryData, UntypedHandleCall } from '@grpc/grpc-js';
import type { Dispatcher, Done } from '../dispatch/dispatcher.js';
import { decodeInvokeToolRequest, decodeProcessSignalRequest } from '../protocol/codec.js';
import { EMPTY } from '../protocol/wire.js';
import { encodeResults } from './answers.js';
import { executionDefinition, type ServiceBinding, withRawMessages } from './definitions.js';
import { fitMessage } from './fit-message.js';
import { peekLayer, readRequest, requestContext, text } from './request.js';
import type { SignalStreams } from './signal-stream.js';
import { toServiceError } from './status.js';
import { type ListToolsRequest, listTools } from './tools.js';
import type { Held } from './unsent.js';

type Unary = ServerUnaryCall<Buffer, Buffer>;
type Reply = sendUnaryData<Buffer>;
/** Answers a request, whose id is echoed. */
type AnswerTo = (requestId: Uint8Array) => Done;

/**
 * The service PluginExecution. Its hot methods get and give encoded messages: the main thread reads from them only what
 * routing needs, and a worker does the rest.
 */
export function executionService(
  dispatcher: Dispatcher,
  streams: SignalStreams,
  maxReplyBytes: number,
): ServiceBinding {
  return {
    definition: withRawMessages(executionDefinition, ['ProcessSignal', 'InvokeTool', 'StreamSignals']),
    implementation: {
      ProcessSignal: (call: Unary, reply: Reply) => processSignal(dispatcher, call, replying(reply, maxReplyBytes)),
      InvokeTool: (call: Unary, reply: Reply) => invokeTool(dispatcher, call, replying(reply, maxReplyBytes)),
      // The second one is the guard's.
      StreamSignals: ((stream: ServerDuplexStream<Buffer, Buffer>, held: Held) =>
        streams.serve(stream, held)) as UntypedHandleCall,
      ListTools: (call: ServerUnaryCall<ListToolsRequest, object>, reply: sendUnaryData<object>) =>
        reply(null, listTools(dispatcher, call.request)),
    },
  };
}

function processSignal(dispatcher: Dispatcher, call: Unary, answerTo: AnswerTo): void {
  const request = readRequest(() => decodeProcessSignalRequest(call.request));
  const signal = request.signal ?? EMPTY;
  const { deadlineMs, origin } = requestContext(call, request.requestId);
  const ticket = dispatcher.signal(
    {
      signal,
      layer: peekLayer(signal),
      neuronType: text(request.neuronType),
      pluginId: text(request.pluginId),
      deadlineMs,
      fuel: request.fuel,
      origin,
    },
    answerTo(request.requestId),
  );
  call.on('cancelled', () => ticket.cancel());
}

function invokeTool(dispatcher: Dispatcher, call: Unary, answerTo: AnswerTo): void {
  const request = readRequest(() => decodeInvokeToolRequest(call.request));
  const { deadlineMs, origin } = requestContext(call, request.requestId);
  const ticket = dispatcher.tool(
    {
      message: call.request,
      tool: text(request.tool),
      pluginId: text(request.pluginId),
      deadlineMs,
      fuel: request.fuel,
      origin,
    },
    answerTo(request.requestId),
  );
  call.on('cancelled', () => ticket.cancel());
}

/** The caller gets the results, or one refusal for the whole of its request. */
function replying(reply: Reply, maxReplyBytes: number): AnswerTo {
  return (requestId) => (answers, refusal) => {
    if (refusal === undefined) reply(null, encodeResults(fitMessage(answers, maxReplyBytes), requestId));
    else reply(toServiceError(refusal), null);
  };
}
