/** Calls to both gateways, and what the scenarios share. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Metadata, type CallOptions, type ClientUnaryCall, type ServiceError } from "@grpc/grpc-js";

import {
  CreateExecutionSessionRequest,
  type CreateExecutionSessionResponse,
  type ExecutionSession,
} from "../generated/sessiongateway/v1/qlik.js";
import type { SessionGatewayClient } from "../generated/sessiongateway/v1/session_gateway.js";
import {
  CreateSessionRequest,
  type CreateSessionResponse,
} from "../generated/sessiongateway/v1/symphony.js";
import { Answer } from "./answer.js";
import type { Sandbox } from "./sandbox.js";

export const APPLICATION = "symping7.3.2";
const CALL_TIMEOUT_MS = 20_000; // only a broken gateway takes that long

export interface CallSettings {
  timeoutMs?: number;
  metadata?: Metadata;
  gateway?: SessionGatewayClient;
}

type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response?: Response) => void,
) => ClientUnaryCall;

function call<Request, Response>(
  method: Method<Request, Response>,
  request: Request,
  settings: CallSettings,
) {
  return new Promise<Answer<Response>>((resolve, reject) => {
    const deadline = Date.now() + (settings.timeoutMs ?? CALL_TIMEOUT_MS);
    method(request, settings.metadata ?? new Metadata(), { deadline }, (error, response) => {
      try {
        resolve(new Answer(error, response));
      } catch (failed) {
        reject(failed as Error);
      }
    });
  });
}

export class Context {
  constructor(
    readonly gateway: SessionGatewayClient,
    readonly partial: SessionGatewayClient, // knows Symphony alone
    readonly shutOut: SessionGatewayClient, // comes to neither upstream
    readonly symphony: Sandbox,
    readonly qlik: Sandbox,
    readonly logon: Sandbox, // the Symphony that refuses the other gateway's password
    private readonly shared: string,
  ) {}

  async clearFaults() {
    await this.symphony.clearFaults();
    await this.qlik.clearFaults();
  }

  createSession(
    fields: Partial<CreateSessionRequest> = {},
    settings: CallSettings = {},
  ): Promise<Answer<CreateSessionResponse>> {
    const gateway = settings.gateway ?? this.gateway;
    const request = CreateSessionRequest.fromPartial({ applicationName: APPLICATION });
    Object.assign(request, fields);
    return call(gateway.createSession.bind(gateway), request, settings);
  }

  createExecutionSession(
    executionSession: ExecutionSession | undefined,
    fields: Partial<CreateExecutionSessionRequest> = {},
    settings: CallSettings = {},
  ): Promise<Answer<CreateExecutionSessionResponse>> {
    const gateway = settings.gateway ?? this.gateway;
    const request = CreateExecutionSessionRequest.fromPartial({});
    Object.assign(request, { executionSession, ...fields });
    return call(gateway.createExecutionSession.bind(gateway), request, settings);
  }

  read(name: string): string {
    return readFileSync(join(this.shared, name), "utf8");
  }

  /** The file's line ends are for its reader, the text has none. */
  expectedBody(name: string): string {
    return this.read(`expected/${name}.json`).replaceAll("\n", "");
  }
}

/** The contract's names of the members that are set. */
export function setFields(message: object): string[] {
  return Object.entries(message)
    .filter(([, value]: [string, unknown]) => {
      if (value === undefined) return false;
      return typeof value !== "object" || value === null || Object.keys(value).length > 0;
    })
    .map(([name]) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
    .sort();
}
