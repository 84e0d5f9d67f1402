/** Focuses the page's heading as soon as there is one: a page may still be on its way. */
export function followHeading(main: HTMLElement): () => void {
  const seen = new MutationObserver(look);

  function look(): void {
    const heading = main.querySelector('h1');
    if (!heading) return;
    seen.disconnect();
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  seen.observe(main, { childList: true, subtree: true });
  look();
  return () => seen.disconnect();
}
