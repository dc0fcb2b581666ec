"""usage: peers.py DIR PAGES BYTES: the same number of pages of the same size, for Hugo and for Zola.

Each page has a title, a few facts and prose in its own file, and a table of a hundred others that its template writes, as ours have; what
is left of the size is prose.
"""

import pathlib
import random
import sys

work, pages, size = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
draw = random.Random(7)
WORDS = ["model", "language", "attention", "transformer", "training", "text", "vision", "sparse", "tokens", "expert", "memory"]
ROWS, ROW = 100, 90
prose = max(size - ROWS * ROW - 400, 200)


def text():
    words = []
    while sum(map(len, words)) + len(words) < prose:
        words.append(draw.choice(WORDS))
    return " ".join(words)


LIST = {
    "hugo": '{{ range first %d .Site.RegularPages }}<tr><td><a href="{{ .RelPermalink }}">{{ .Title }}</a></td><td>{{ .Params.size }}</td></tr>\n{{ end }}' % ROWS,
    "zola": '{%% set all = get_section(path="_index.md") %%}{%% for p in all.pages | slice(end=%d) %%}<tr><td><a href="{{ p.permalink }}">{{ p.title }}</a></td><td>{{ p.extra.size }}</td></tr>\n{%% endfor %%}' % ROWS,
}
PAGE = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>%s</title></head><body><main><h1>%s</h1>%s<table><tbody>%s</tbody></table></main></body></html>'


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


hugo, zola = work / "hugo", work / "zola"
put(hugo / "hugo.toml", 'baseURL = "https://example.org/"\ntitle = "peer"\ndisableKinds = ["taxonomy", "term", "RSS", "sitemap"]\n')
put(hugo / "layouts/_default/single.html", PAGE % ("{{ .Title }}", "{{ .Title }}", "{{ .Content }}", LIST["hugo"]))
put(hugo / "layouts/_default/list.html", PAGE % ("{{ .Title }}", "{{ .Title }}", "", LIST["hugo"]))
put(zola / "config.toml", 'base_url = "https://example.org/"\ncompile_sass = false\nbuild_search_index = false\n')
put(zola / "templates/page.html", PAGE % ("{{ page.title }}", "{{ page.title }}", "{{ page.content | safe }}", LIST["zola"]))
put(zola / "templates/index.html", PAGE % ("all", "all", "", LIST["zola"].replace('{% set all = get_section(path="_index.md") %}', "").replace("all.pages", "section.pages")))
put(zola / "content/_index.md", '+++\ntitle = "all"\n+++\n')
for number in range(pages - 1):
    body = text()
    put(hugo / f"content/model-{number}.md", f'+++\ntitle = "Model {number}"\nsize = "{number} M"\n+++\n\n{body}\n')
    put(zola / f"content/model-{number}.md", f'+++\ntitle = "Model {number}"\n[extra]\nsize = "{number} M"\n+++\n\n{body}\n')
