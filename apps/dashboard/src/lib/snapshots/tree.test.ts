import { expect, it } from 'vitest';
import { template } from '#lib/templates/testing/template.ts';
import { countBelow, prunedTree, type TreeNode, treeOf } from './tree.ts';

const from = (id: string, deleted = false) => ({ parent: { id, deleted } });
const base = template({ id: 'base', type: 'base', platform: true });
const first = template({ id: 'first', name: 'first', created_at: '2026-01-02T00:00:00Z', ...from('base') });
const second = template({
  id: 'second',
  name: 'second',
  created_at: '2026-01-03T00:00:00Z',
  ...from('first'),
});
const sibling = template({ id: 'sibling', name: 'sibling', ...from('base') });

function shape(nodes: readonly TreeNode[]): unknown {
  return nodes.map(({ template: { id }, children }) =>
    children.length === 0 ? id : { [id]: shape(children) },
  );
}

it('what was made from something lies below it, the oldest first', () => {
  expect(shape(treeOf([second, first, sibling, base]))).toEqual([
    { base: ['sibling', { first: ['second'] }] },
  ]);
});

it('a base that nothing was made from is left out', () => {
  expect(treeOf([base])).toEqual([]);
});

it('what was made from something that is gone says so, and stands at the top', () => {
  const [node] = treeOf([template({ id: 'left', ...from('gone', true) })]);
  expect(node?.lostParent).toBe('one of another team, which is deleted');
});

it('a search leaves what fits with what is above and below it', () => {
  const tree = treeOf([second, first, sibling, base]);
  expect(shape(prunedTree(tree, 'FIRST'))).toEqual([{ base: [{ first: ['second'] }] }]);
  expect(prunedTree(tree, 'nothing')).toEqual([]);
});

it('all that lies below is counted', () => {
  expect(treeOf([second, first, sibling, base]).map(countBelow)).toEqual([3]);
});
