// Runs bare.rs: the statements of a workload without a server around them.

import { Program } from "./program.mjs";

export class Bare extends Program {
  /** `binary` on `connections` to the server, with `callers` that each wait for their answer. */
  constructor(binary, { connections, shape }) {
    super(binary);
    Object.assign(this, { name: "bare sqlx", connections, shape });
  }

  /** Connects to the database at `url`, to run the statements of `workload`. */
  start(url, workload) {
    const command = ["--database", url, "--workload", workload.id, "--shape", this.shape];
    command.push("--connections", this.connections, "--callers", workload.connections);
    return super.start(command);
  }

  /** Runs them for `seconds`. */
  run(seconds) {
    return this.ask(seconds);
  }
}
