/** How a call ended, and what its error says. */
import { inspect, isDeepStrictEqual } from "node:util";

import { status, type Metadata, type ServiceError } from "@grpc/grpc-js";

import { BadRequest, ErrorInfo, RetryInfo } from "../generated/google/rpc/error_details.js";
import { Status } from "../generated/google/rpc/status.js";

const TRAILERS_BYTES_MAX = 4096;

export type Values = Record<string, unknown>;

/** What every client must have seen alike. */
export interface Result {
  scenario: string;
  code: string;
  reason: string;
  outcome: string;
  values: Values;
}

export function equal(actual: unknown, expected: unknown, what: string) {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${what}: ${inspect(actual)} where ${inspect(expected)} was expected`);
}

export class Answer<Response> {
  code = "OK";
  message = "";
  reason = "";
  outcome = ""; // the trailer
  pushback = ""; // the trailer
  metadata: Record<string, string> = {}; // of the ErrorInfo
  fields: string[] = []; // of the BadRequest
  retryAfter = 0; // seconds, of the RetryInfo
  private readonly response: Response | undefined;

  constructor(error: ServiceError | null, response: Response | undefined) {
    this.response = response;
    if (error === null) return;
    this.code = status[error.code];
    this.message = error.details;
    this.outcome = error.metadata.get("session-gateway-outcome").join();
    this.pushback = error.metadata.get("grpc-retry-pushback-ms").join();
    const encoded = error.metadata.get("grpc-status-details-bin");
    if (encoded.length === 0) return; // the error is this client's own, such as its timer's
    for (const detail of Status.decode(encoded[0] as Buffer).details) {
      this.readDetail(detail.typeUrl, detail.value);
    }
    this.check(error.metadata);
  }

  private readDetail(typeUrl: string, value: Uint8Array) {
    switch (typeUrl.replace("type.googleapis.com/", "")) {
      case "google.rpc.ErrorInfo": {
        const info = ErrorInfo.decode(value);
        equal(info.domain, "sessiongateway.v1", "domain");
        this.reason = info.reason;
        this.metadata = { ...info.metadata };
        break;
      }
      case "google.rpc.BadRequest":
        this.fields = BadRequest.decode(value).fieldViolations.map((violation) => violation.field);
        break;
      case "google.rpc.RetryInfo":
        this.retryAfter = Number(RetryInfo.decode(value).retryDelay?.seconds);
        break;
      default:
        throw new Error(`an unexpected detail: ${typeUrl}`);
    }
  }

  /** What holds of every error that the gateway makes. */
  private check(trailers: Metadata) {
    equal(this.outcome, this.metadata["outcome"], "the trailer's outcome");
    const isFinal = this.outcome === "unknown" || this.outcome === "done";
    equal(this.pushback, isFinal ? "-1" : "", "grpc-retry-pushback-ms");
    if (this.code === "UNAVAILABLE") equal(this.outcome, "not_sent", "the outcome");
    let size = 0;
    for (const [name, value] of Object.entries(trailers.getMap()))
      size += name.length + value.length;
    if (size >= TRAILERS_BYTES_MAX) throw new Error(`the trailers have ${size} bytes`);
  }

  expectOk(): Response {
    equal([this.code, this.message], ["OK", ""], "the call's status");
    return this.response as Response;
  }

  expectError(code: string, reason: string, outcome: string, phase: string) {
    const seen = [this.code, this.reason, this.outcome, this.metadata["phase"]];
    equal(seen, [code, reason, outcome, phase], `the error (${this.message})`);
  }

  result(scenario: string, values: Values = {}): Result {
    const { code, reason, outcome } = this;
    return { scenario, code, reason, outcome, values };
  }
}
