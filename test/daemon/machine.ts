import { ElapsedTime } from "../../src/daemon/index.js";

/** A machine whose time passes only while the program waits or a cycle takes its time. */
export class Machine {
  wall = Date.UTC(2026, 10, 28, 6);
  monotonic = 5_000;
  /** Time as everybody else has it, since the machine was made. */
  real = 0;
  readonly time: ElapsedTime;
  /** What happens at a real time, once. */
  readonly events: { at: number; happen: () => void }[] = [];

  constructor() {
    this.time = new ElapsedTime({ wallNow: () => this.wall, monotonicNow: () => this.monotonic });
  }

  pass(milliseconds: number): void {
    this.real += milliseconds;
    this.wall += milliseconds;
    this.monotonic += milliseconds;
    const due = this.events.filter(({ at }) => at <= this.real);
    for (const event of due) {
      this.events.splice(this.events.indexOf(event), 1);
      event.happen();
    }
  }

  /** Timers and the monotonic clock stand still; the wall clock goes on. */
  sleepFor(milliseconds: number): void {
    this.real += milliseconds;
    this.wall += milliseconds;
  }
}
