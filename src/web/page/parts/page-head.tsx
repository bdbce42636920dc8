import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** Where one can go on from when what had focus is gone. */
export const focusHead = (): void =>
  document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });

/** The heading of a page: named in the window's title, and where focus goes when one comes here. */
export const PageHead = ({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element => {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Sexton`;
    heading.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [title]);
  return (
    <div class="page-head">
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <div class="buttons">{children}</div>
    </div>
  );
};
