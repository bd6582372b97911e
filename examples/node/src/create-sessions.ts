/** Creates a Symphony session and a Qlik execution session: ADDRESS APPLICATION [CA_FILE] */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { argv, exit } from "node:process";
import { setTimeout } from "node:timers/promises";

import {
  credentials,
  Metadata,
  status,
  type CallOptions,
  type ChannelCredentials,
  type ClientUnaryCall,
  type ServiceError,
} from "@grpc/grpc-js";

import { BadRequest, ErrorInfo, RetryInfo } from "./generated/google/rpc/error_details.js";
import { Status } from "./generated/google/rpc/status.js";
import { CreateExecutionSessionRequest } from "./generated/sessiongateway/v1/qlik.js";
import { SessionGatewayClient } from "./generated/sessiongateway/v1/session_gateway.js";
import { CreateSessionRequest } from "./generated/sessiongateway/v1/symphony.js";

const TIMEOUT_MS = 5000; // of an attempt, for everything together: queue, connection, REST call and answer
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 200; // doubles, where the gateway asks for no other
const LONGEST_PAUSE_MS = 30_000;
const REPEATABLE = [
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.UNKNOWN,
  status.CANCELLED,
  status.RESOURCE_EXHAUSTED,
];

type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

interface Kind<Detail> {
  decode(bytes: Uint8Array): Detail;
}

function call<Request, Response>(method: Method<Request, Response>, request: Request) {
  return new Promise<Response>((resolve, reject) => {
    const options = { deadline: Date.now() + TIMEOUT_MS };
    method(request, new Metadata(), options, (error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
}

/** The answer of the first attempt that has one. Never two sessions, for all have the same request_id. */
async function repeat<Request, Response>(method: Method<Request, Response>, request: Request) {
  let pause = FIRST_PAUSE_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      return await call(method, request);
    } catch (error) {
      const wait = pauseAfter(error as ServiceError, pause);
      if (wait === undefined || attempt === ATTEMPTS) throw error;
      await setTimeout(wait);
      pause *= 2;
    }
  }
}

/** How long to wait for the next attempt; undefined: there is nothing to gain by one. */
function pauseAfter(error: ServiceError, pause: number): number | undefined {
  const asked = detailOf(error, "RetryInfo", RetryInfo)?.retryDelay;
  const outcome = detailOf(error, "ErrorInfo", ErrorInfo)?.metadata["outcome"] ?? "unknown";
  const isOver = outcome === "done" || (outcome === "refused" && asked === undefined);
  if (isOver || !REPEATABLE.includes(error.code)) return undefined;
  const wait = asked === undefined ? pause : Number(asked.seconds) * 1000 + asked.nanos / 1e6;
  return wait <= LONGEST_PAUSE_MS ? wait : undefined;
}

/** Undefined: there is no such detail, or the error was not made by the gateway. */
function detailOf<Detail>(
  error: ServiceError,
  name: string,
  kind: Kind<Detail>,
): Detail | undefined {
  for (const encoded of error.metadata.get("grpc-status-details-bin")) {
    for (const detail of Status.decode(encoded as Buffer).details) {
      if (detail.typeUrl === `type.googleapis.com/google.rpc.${name}`)
        return kind.decode(detail.value);
    }
  }
  return undefined;
}

function madeBy(response: { replayed?: boolean | undefined }): string {
  return response.replayed ? " (made by an earlier attempt)" : "";
}

async function createSession(gateway: SessionGatewayClient, application: string) {
  const request = CreateSessionRequest.fromPartial({
    requestId: randomUUID(), // of this one session, in every attempt
    applicationName: application,
    session: {
      sessionName: "nightly risk",
      sessionPriority: 5000,
      commonData: [{ uint64: 2n ** 64n - 1n }],
    },
  });
  const response = await repeat(gateway.createSession.bind(gateway), request);
  const { sessionId = "", endpoint = "" } = response;
  console.log(`session ${sessionId} at ${endpoint}${madeBy(response)}`);
}

async function createExecutionSession(gateway: SessionGatewayClient) {
  const inOneHour = BigInt(Math.floor(Date.now() / 1000) + 3600);
  const request = CreateExecutionSessionRequest.fromPartial({
    requestId: randomUUID(),
    executionSession: {
      reloadTask: { name: "nightly reload" },
      abortAt: { seconds: inOneHour },
    },
  });
  const response = await repeat(gateway.createExecutionSession.bind(gateway), request);
  console.log(`execution session ${response.executionSession?.id ?? ""}${madeBy(response)}`);
}

function explain(error: ServiceError) {
  console.log(`${status[error.code]}: ${error.details}`);
  const info = detailOf(error, "ErrorInfo", ErrorInfo);
  if (info !== undefined) {
    // outcome says whether the session exists: not_sent, refused, done or unknown
    console.log(`reason ${info.reason}, outcome ${info.metadata["outcome"] ?? "unknown"}`);
  }
  for (const violation of detailOf(error, "BadRequest", BadRequest)?.fieldViolations ?? []) {
    console.log(`field ${violation.field}: ${violation.description}`);
  }
}

function channelCredentials(caFile?: string): ChannelCredentials {
  if (caFile === undefined) return credentials.createInsecure();
  return credentials.createSsl(readFileSync(caFile));
}

async function main(address: string, application: string, caFile?: string): Promise<number> {
  const gateway = new SessionGatewayClient(address, channelCredentials(caFile));
  try {
    await createSession(gateway, application);
    await createExecutionSession(gateway);
    return 0;
  } catch (error) {
    if (!(error instanceof Error && "metadata" in error)) throw error;
    explain(error as ServiceError);
    return 1;
  } finally {
    gateway.close();
  }
}

const [address = "127.0.0.1:50051", application = "", caFile] = argv.slice(2);
exit(await main(address, application, caFile));
