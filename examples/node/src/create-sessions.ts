/** Creates a Symphony session and a Qlik execution session: ADDRESS APPLICATION [CA_FILE] */
import { readFileSync } from "node:fs";
import { argv, exit } from "node:process";

import {
  credentials,
  Metadata,
  status,
  type CallOptions,
  type ChannelCredentials,
  type ClientUnaryCall,
  type ServiceError,
} from "@grpc/grpc-js";

import { BadRequest, ErrorInfo } from "./generated/google/rpc/error_details.js";
import { Status } from "./generated/google/rpc/status.js";
import { CreateExecutionSessionRequest } from "./generated/sessiongateway/v1/qlik.js";
import { SessionGatewayClient } from "./generated/sessiongateway/v1/session_gateway.js";
import { CreateSessionRequest } from "./generated/sessiongateway/v1/symphony.js";

const TIMEOUT_MS = 5000; // for everything together: queue, connection, REST call and answer

type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

function call<Request, Response>(method: Method<Request, Response>, request: Request) {
  return new Promise<Response>((resolve, reject) => {
    const options = { deadline: Date.now() + TIMEOUT_MS };
    method(request, new Metadata(), options, (error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
}

async function createSession(gateway: SessionGatewayClient, application: string) {
  const request = CreateSessionRequest.fromPartial({
    applicationName: application,
    session: {
      sessionName: "nightly risk",
      sessionPriority: 5000,
      commonData: [{ uint64: 2n ** 64n - 1n }],
    },
  });
  const response = await call(gateway.createSession.bind(gateway), request);
  console.log(`session ${response.sessionId ?? ""} at ${response.endpoint ?? ""}`);
}

async function createExecutionSession(gateway: SessionGatewayClient) {
  const inOneHour = BigInt(Math.floor(Date.now() / 1000) + 3600);
  const request = CreateExecutionSessionRequest.fromPartial({
    executionSession: {
      reloadTask: { name: "nightly reload" },
      abortAt: { seconds: inOneHour },
    },
  });
  const response = await call(gateway.createExecutionSession.bind(gateway), request);
  console.log(`execution session ${response.executionSession?.id ?? ""}`);
}

function explain(error: ServiceError) {
  console.log(`${status[error.code]}: ${error.details}`);
  // Without this trailer the error was not made by the gateway.
  for (const encoded of error.metadata.get("grpc-status-details-bin")) {
    for (const detail of Status.decode(encoded as Buffer).details) {
      if (detail.typeUrl === "type.googleapis.com/google.rpc.ErrorInfo") {
        const info = ErrorInfo.decode(detail.value);
        // outcome says whether the session exists: not_sent, refused, done or unknown
        console.log(`reason ${info.reason}, outcome ${info.metadata["outcome"] ?? "unknown"}`);
      } else if (detail.typeUrl === "type.googleapis.com/google.rpc.BadRequest") {
        for (const violation of BadRequest.decode(detail.value).fieldViolations) {
          console.log(`field ${violation.field}: ${violation.description}`);
        }
      }
    }
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
