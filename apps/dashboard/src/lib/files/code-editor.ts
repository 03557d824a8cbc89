import type { EditorView } from '@codemirror/view';

export interface EditorContent {
  readonly name: string;
  readonly text: string;
  readonly lineBreak: '\n' | '\r\n';
  readonly mode: 'edit' | 'read';
}

export interface EditorListener {
  readonly onChange: () => void;
  readonly onSave: () => void;
}

/** Beyond either a text is shown without colours: they would take longer than anybody looks at them. */
const mostColoured = 512 * 1024;
const longestColouredLine = 10_000;

/** Text with line numbers, its colours and a search; the editor is loaded when the first file is opened. */
export class CodeEditor {
  readonly #view: EditorView;
  readonly #lineBreak: string;

  private constructor(view: EditorView, lineBreak: string) {
    this.#view = view;
    this.#lineBreak = lineBreak;
  }

  static async open(
    parent: HTMLElement,
    { name, text, lineBreak, mode }: EditorContent,
    { onChange, onSave }: EditorListener,
  ): Promise<CodeEditor> {
    const [
      { basicSetup, EditorView },
      { EditorState },
      { keymap },
      { syntaxHighlighting },
      { classHighlighter },
    ] = await Promise.all([
      import('codemirror'),
      import('@codemirror/state'),
      import('@codemirror/view'),
      import('@codemirror/language'),
      import('@lezer/highlight'),
    ]);
    const save = () => {
      onSave();
      return true;
    };
    const extensions = [
      basicSetup,
      syntaxHighlighting(classHighlighter),
      EditorState.lineSeparator.of(lineBreak),
      EditorState.readOnly.of(mode === 'read'),
      EditorView.contentAttributes.of({ 'aria-label': `Content of ${name}` }),
      EditorView.updateListener.of(({ docChanged }) => docChanged && onChange()),
      keymap.of([{ key: 'Mod-s', preventDefault: true, run: save }]),
      await colouring(name, text),
    ];
    const view = new EditorView({ parent, state: EditorState.create({ doc: text, extensions }) });
    return new CodeEditor(view, lineBreak);
  }

  /** With the line breaks that it came with. */
  get text(): string {
    const { doc } = this.#view.state;
    return doc.sliceString(0, doc.length, this.#lineBreak);
  }

  focus(): void {
    this.#view.focus();
  }

  dispose(): void {
    this.#view.destroy();
  }
}

async function colouring(name: string, text: string) {
  if (text.length > mostColoured || hasLongLine(text)) return [];
  const [{ LanguageDescription }, { languages }] = await Promise.all([
    import('@codemirror/language'),
    import('@codemirror/language-data'),
  ]);
  const language = LanguageDescription.matchFilename(languages, name);
  return language === null ? [] : await language.load();
}

function hasLongLine(text: string): boolean {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    const to = end === -1 ? text.length : end;
    if (to - from > longestColouredLine) return true;
    from = to + 1;
  }
  return false;
}
