/**
 * Runs all scenarios, one JSON line for each on stdout:
 * main.js GATEWAY GATEWAY_OF_SYMPHONY_ALONE GATEWAY_SHUT_OUT SYMPHONY_SANDBOX QLIK_SANDBOX LOGON_SANDBOX
 * SHARED_FOLDER
 */
import { argv, exit } from "node:process";

import { credentials } from "@grpc/grpc-js";

import { SessionGatewayClient } from "../generated/sessiongateway/v1/session_gateway.js";
import { Context } from "./context.js";
import { FAILURES } from "./failures.js";
import { Sandbox } from "./sandbox.js";
import { SCENARIOS } from "./scenarios.js";

async function main(given: string[]): Promise<number> {
  const [gateway, partial, shutOut, symphony, qlik, logon, shared] = given;
  if (!gateway || !partial || !shutOut || !symphony || !qlik || !logon || !shared) {
    console.error(
      "usage: main.js GATEWAY SYMPHONY_ALONE SHUT_OUT SYMPHONY QLIK LOGON SHARED_FOLDER",
    );
    return 2;
  }
  const context = new Context(
    new SessionGatewayClient(gateway, credentials.createInsecure()),
    new SessionGatewayClient(partial, credentials.createInsecure()),
    new SessionGatewayClient(shutOut, credentials.createInsecure()),
    new Sandbox(symphony),
    new Sandbox(qlik),
    new Sandbox(logon),
    shared,
  );
  const groups = [...SCENARIOS, ...FAILURES];
  let failed = 0;
  for (const scenario of groups) {
    await context.clearFaults();
    try {
      for await (const result of scenario(context)) console.log(JSON.stringify(result));
    } catch (error) {
      failed += 1;
      console.error(`FAILED ${scenario.name}: ${String(error)}`);
    }
  }
  console.error(`node: ${groups.length} groups of scenarios, ${failed} failed`);
  context.gateway.close();
  context.partial.close();
  context.shutOut.close();
  return failed > 0 ? 1 : 0;
}

exit(await main(argv.slice(2)));
