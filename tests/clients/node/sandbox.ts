/** One upstream of the sandbox, through its control plane. */
import { equal } from "./answer.js";

export type Fault = Record<string, unknown>;

interface Counters {
  requests: number;
  creates: number;
}

interface SeenRequest {
  target: string;
  body: string;
  headers: { name: string }[];
}

export interface Row {
  id?: string;
  sessionId?: number;
  session?: { sessionMetaData?: string; commonData?: [string, string][] };
}

const CONTROL_TIMEOUT_MS = 10_000;

export class Sandbox {
  constructor(readonly endpoint: string) {}

  private async do(method: string, name: string, body: string | null = null): Promise<unknown> {
    const signal = AbortSignal.timeout(CONTROL_TIMEOUT_MS);
    const answer = await fetch(`${this.endpoint}/sandbox/${name}`, { method, body, signal });
    equal(answer.status, 200, `the sandbox's answer to ${name}`);
    return answer.json();
  }

  async lastRequest(): Promise<SeenRequest> {
    const last = ((await this.do("GET", "requests")) as SeenRequest[]).at(-1);
    if (last === undefined) throw new Error("the sandbox has seen no request");
    return last;
  }

  async lastRow(): Promise<Row> {
    const last = ((await this.do("GET", "rows")) as Row[]).at(-1);
    if (last === undefined) throw new Error("the sandbox has no row");
    return last;
  }

  async addFault(fault: Fault): Promise<void> {
    await this.do("POST", "faults", JSON.stringify(fault));
  }

  /** Forgets those that no request has met. */
  async clearFaults(): Promise<void> {
    await this.do("DELETE", "faults");
  }

  /** Exactly so many requests and new rows: nothing is sent twice, nothing is sent that must not be. */
  async sees<T>(requests: number, creates: number, during: () => Promise<T>): Promise<T> {
    const before = (await this.do("GET", "counters")) as Counters;
    const result = await during();
    const after = (await this.do("GET", "counters")) as Counters;
    equal(after.requests - before.requests, requests, "requests at the upstream");
    equal(after.creates - before.creates, creates, "creates at the upstream");
    return result;
  }
}
