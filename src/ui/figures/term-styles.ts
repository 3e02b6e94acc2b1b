// One colour for each term of the cost model, by class, for figures that show all of them.
import { css } from 'lit';

/** Classes `term-…` set `--tone`. Terms beyond those named here have the colour of `other`. */
export const termStyles = css`
  .term {
    --tone: var(--edge);
  }
  .term-embedding {
    --tone: color-mix(in srgb, var(--class-3) 55%, var(--panel));
  }
  .term-norm {
    --tone: var(--class-5);
  }
  .term-qkv {
    --tone: var(--class-2);
  }
  .term-attention {
    --tone: var(--class-1);
  }
  .term-projection {
    --tone: color-mix(in srgb, var(--class-2) 50%, var(--panel));
  }
  .term-router {
    --tone: var(--bad);
  }
  .term-ffn {
    --tone: var(--class-4);
  }
  .term-head {
    --tone: var(--class-3);
  }
  .term-loss {
    --tone: color-mix(in srgb, var(--class-4) 45%, var(--panel));
  }
  .term-optimizer {
    --tone: color-mix(in srgb, var(--class-1) 50%, var(--panel));
  }
`;

/** The classes of a term; `other` where a dispatch has none. */
export function termClass(term: string | undefined): string {
  return `term term-${(term ?? 'other').replace(/[^a-z]/g, '')}`;
}
