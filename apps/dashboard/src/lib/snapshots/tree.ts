import type { Template } from '#lib/templates/template.ts';

/** A version in the tree of what was made from what. */
export interface TreeNode {
  readonly template: Template;
  readonly children: readonly TreeNode[];
  /** What it was made from, where that is not in the tree: deleted, or another team's. */
  readonly lostParent: string | undefined;
}

/**
 * What goes on from what: the oldest first among siblings. A base is there for what was made from it; one that nothing
 * was made from is left out.
 */
export function treeOf(templates: readonly Template[]): readonly TreeNode[] {
  const known = new Set(templates.map(({ id }) => id));
  const byParent = Map.groupBy(templates, ({ id, parent }) =>
    parent !== undefined && parent.id !== id && known.has(parent.id) ? parent.id : '',
  );
  const nodesBelow = (parent: string): TreeNode[] =>
    (byParent.get(parent) ?? [])
      .toSorted((left, right) => (left.created_at < right.created_at ? -1 : 1))
      .map((template) => ({
        template,
        children: nodesBelow(template.id),
        lostParent: parent === '' ? lostParentOf(template) : undefined,
      }));
  return nodesBelow('').filter(
    ({ template, children }) => template.type === 'snapshot' || children.length > 0,
  );
}

function lostParentOf({ parent }: Template): string | undefined {
  if (parent === undefined) return undefined;
  const name = parent.name ?? 'one of another team';
  return parent.deleted ? `${name}, which is deleted` : name;
}

/** What fits the text, and what that lies below. */
export function prunedTree(nodes: readonly TreeNode[], text: string): readonly TreeNode[] {
  if (text === '') return nodes;
  const sought = text.toLowerCase();
  return nodes.flatMap((node) => {
    const { id, name, tags, source_capsule_id } = node.template;
    if ([id, name, ...tags, source_capsule_id ?? ''].some((word) => word.toLowerCase().includes(sought)))
      return [node];
    const children = prunedTree(node.children, text);
    return children.length === 0 ? [] : [{ ...node, children }];
  });
}

/** How many there are below. */
export function countBelow({ children }: TreeNode): number {
  return children.reduce((sum, child) => sum + 1 + countBelow(child), 0);
}
