// Waiting for a server that starts anew.

interface Way {
  /** Whether the server answers. */
  isThere: () => Promise<boolean>;
  pause: () => Promise<void>;
}

/** How often it is asked before one believes that the restart was over between two questions. */
const CALM = 10;
const MOST = 300;

/**
 * Answers true once the server is back. A restart is seen as a question without an answer; where none
 * is seen the server was faster than the questions, or kept what it had. False: it stays away.
 */
export async function isBack({ isThere, pause }: Way): Promise<boolean> {
  let wasAway = false;
  for (let asked = 1; asked <= MOST; asked++) {
    await pause();
    if (!(await isThere())) wasAway = true;
    else if (wasAway || asked >= CALM) return true;
  }
  return false;
}
