#include "cli/explain_page.h"

#include "bpf/quote.h"
#include "callgate/version.hpp"

namespace callgate::cli {
namespace {

using Json = nlohmann::ordered_json;

// In front of the data. The policy of the page (Content-Security-Policy) keeps it from loading anything.
constexpr const char* before_data = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>callgate explain</title>
<style>
:root { color-scheme: light dark; --fg: #1b1b1b; --bg: #fdfdfd; --line: #c9c9c9; --soft: #f0f0f0; --allow: #c6e9c9;
  --log: #bfe6e6; --errno: #fbe3ad; --kill: #f6b9b4; --ask: #dccbf3; --depends: #cfdcf7; --focus: #0a58ca; }
@media (prefers-color-scheme: dark) { :root { --fg: #e8e8e8; --bg: #161616; --line: #4a4a4a; --soft: #242424;
  --allow: #1f4d26; --log: #17484a; --errno: #5b4611; --kill: #6b211c; --ask: #452e66; --depends: #263c6b;
  --focus: #7fb0ff; } }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.45 system-ui, sans-serif; color: var(--fg); background: var(--bg); }
header { padding: .8rem 1rem; border-bottom: 1px solid var(--line); }
h1 { font-size: 1.15rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
input[type=search] { font: inherit; color: inherit; background: var(--soft); border: 1px solid var(--line);
  padding: .3rem .5rem; width: 18rem; max-width: 100%; }
label { margin-right: 1rem; }
main { display: grid; grid-template-columns: minmax(0, 3fr) minmax(20rem, 2fr); gap: 1rem; padding: 1rem; }
@media (max-width: 60rem) { main { grid-template-columns: minmax(0, 1fr); } }
main > div { overflow: auto; max-height: calc(100vh - 8rem); }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid var(--line); padding: 0; text-align: left; }
th { padding: .25rem .5rem; background: var(--soft); position: sticky; top: 0; overflow-wrap: anywhere; }
tbody th { position: static; font-weight: 500; font-family: ui-monospace, monospace; }
td button { display: block; width: 100%; padding: .25rem .5rem; border: 0; font: inherit; text-align: left;
  color: inherit; cursor: pointer; background: none; }
.allow { background: var(--allow); } .log { background: var(--log); } .errno { background: var(--errno); }
.kill { background: var(--kill); } .ask { background: var(--ask); } .depends { background: var(--depends); }
tr.differs > th { border-left: .35rem solid var(--focus); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: -3px; }
#details { align-self: start; max-height: calc(100vh - 8rem); overflow: auto;
  border: 1px solid var(--line); padding: .8rem; }
#details li { margin-bottom: .3rem; overflow-wrap: anywhere; }
.word { padding: 0 .3rem; }
svg { max-width: 100%; height: auto; margin-top: .6rem; }
svg rect { stroke: var(--line); } svg text { fill: var(--fg); font: 12px ui-monospace, monospace; }
svg path { stroke: var(--fg); fill: none; } svg .label { font-size: 11px; }
#all { display: none; }
[hidden] { display: none !important; }
@media print { body, .allow, .log, .errno, .kill, .ask, .depends { print-color-adjust: exact;
  -webkit-print-color-adjust: exact; }
  #controls, #details { display: none; } main { display: block; } main > div { max-height: none; overflow: visible; }
  th { position: static; } #all { display: block; } }
</style>
</head>
<body>
<header>
<h1 id="title"></h1>
<div id="controls">
<label>Search <input type="search" id="search" placeholder="call, decision or condition"></label>
<label id="only-label" hidden><input type="checkbox" id="only"> only differences</label>
<span id="count" role="status"></span>
</div>
</header>
<main>
<div><table id="table"><thead></thead><tbody></tbody></table></div>
<aside id="details" aria-live="polite">
<p>Choose a cell for its conditions. / searches, the arrow keys move, Escape clears.</p></aside>
</main>
<section id="all"></section>
<noscript><p>This page needs its own script to show the table.</p></noscript>
<script type="application/json" id="data">)html";

constexpr const char* behind_data = R"html(</script>
<script>
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const find = (id) => document.getElementById(id);
const make = (name, text, className) => {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
};
const two = data.policies.length > 1;
find('title').textContent = data.policies.map((policy) => policy.name).join('  beside  ');
document.title = find('title').textContent + ' - callgate explain';

function kind(decision) {
  const word = decision.split(/[ (:]/)[0];
  if (word === 'ALLOW') return 'allow';
  if (word === 'LOG') return 'log';
  if (word === 'ERRNO') return 'errno';
  if (word === 'KILL_PROCESS' || word === 'KILL_THREAD' || word === 'UNKNOWN') return 'kill';
  if (word === 'USER_NOTIF' || word === 'TRACE' || word === 'TRAP') return 'ask';
  return 'depends';
}

// Columns: architectures in the order of the first policy, and the policies beside each other in each.
const architectures = [];
for (const policy of data.policies) {
  for (const domain of policy.domains) if (!architectures.includes(domain.arch)) architectures.push(domain.arch);
}
const columns = [];
for (const arch of architectures) {
  data.policies.forEach((policy, index) => {
    const domain = policy.domains.find((each) => each.arch === arch);
    columns.push({ arch, index, groups: domain ? domain.groups : [] });
  });
}
const rows = new Map();
columns.forEach((column, at) => {
  for (const group of column.groups) {
    const names = group.nameless ? group.calls.concat(group.nameless) : group.calls;
    for (const name of names) {
      if (!rows.has(name)) rows.set(name, new Array(columns.length).fill(null));
      rows.get(name)[at] = group;
    }
  }
});
const order = [...rows.keys()].sort((a, b) => {
  const rank = (name) => (/^(numbers?|every) /.test(name) ? 1 : 0);
  return rank(a) - rank(b) || (a < b ? -1 : 1);
});

function casesText(group) {
  if (!group) return '';
  return group.cases.map((each) => each.decision + (each.condition ? ' when ' + each.condition : '')).join('; ');
}
function differs(cells) {
  if (!two) return false;
  for (let i = 0; i < cells.length; i += 2) if (casesText(cells[i]) !== casesText(cells[i + 1])) return true;
  return false;
}
function heading(column) {
  return column.arch + (two ? ', ' + data.policies[column.index].name : '');
}

const head = make('tr');
head.append(make('th', 'call'));
for (const column of columns) head.append(make('th', heading(column)));
document.querySelector('thead').append(head);
const body = document.querySelector('tbody');
for (const name of order) {
  const cells = rows.get(name);
  const row = make('tr');
  row.dataset.text = (name + ' ' + cells.map(casesText).join(' ')).toLowerCase();
  if (differs(cells)) row.className = 'differs';
  const label = make('th', name);
  label.scope = 'row';
  row.append(label);
  cells.forEach((group, at) => {
    const cell = make('td');
    if (group) {
      const single = group.cases.length === 1;
      cell.className = single ? kind(group.cases[0].decision) : 'depends';
      const button = make('button', single ? group.cases[0].decision : 'depends');
      button.type = 'button';
      button.tabIndex = -1;
      button.addEventListener('click', () => show(name, columns[at], group));
      cell.append(button);
    }
    row.append(cell);
  });
  body.append(row);
}
const first = body.querySelector('button');
if (first) first.tabIndex = 0;

function caseList(group) {
  const list = make('ul');
  group.cases.forEach((each, index) => {
    const item = make('li');
    item.append(make('span', each.decision, 'word ' + kind(each.decision)));
    const otherwise = group.cases.length > 1 && index + 1 === group.cases.length;
    item.append(each.condition ? ' when ' + each.condition : otherwise ? ' otherwise' : '');
    if (each.by) item.append('  (' + each.by + ')');
    list.append(item);
  });
  return list;
}

function show(name, column, group) {
  const details = find('details');
  details.replaceChildren(make('h2', name + ' on ' + heading(column)), caseList(group));
  if (group.graph.length > 1) details.append(picture(group.graph));
  if (group.graph.length === 0) details.append(make('p', 'Its graph is too large for a picture.'));
}

// The questions as a picture: each layer lies behind all that lead to it.
function picture(nodes) {
  const depth = new Array(nodes.length).fill(0);
  const visit = (index, level) => {
    if (level > nodes.length || (level <= depth[index] && level > 0)) return;
    depth[index] = level;
    for (const [, next] of nodes[index].edges) visit(next, level + 1);
  };
  visit(0, 0);
  const width = 190, height = 30, wide = 230, high = 110;
  const used = [];
  const place = nodes.map((node, index) => {
    used[depth[index]] = (used[depth[index]] || 0) + 1;
    return { x: (used[depth[index]] - 1) * wide + 10, y: depth[index] * high + 10 };
  });
  const svg = (name, attributes, text) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const short = (text, most) => (text.length > most ? text.slice(0, most - 1) + '\u2026' : text);
  const columnsUsed = Math.max(...used.filter((count) => count));
  const size = { viewBox: `0 0 ${columnsUsed * wide} ${used.length * high}`, width: columnsUsed * wide };
  const root = svg('svg', { ...size, role: 'img' });
  root.append(svg('title', {}, 'The graph of its decisions'));
  nodes.forEach((node, index) => {
    node.edges.forEach(([condition, next], number) => {
      const from = { x: place[index].x + width * (number + 1) / (node.edges.length + 1), y: place[index].y + height };
      const to = { x: place[next].x + width / 2, y: place[next].y };
      const curve = `${from.x} ${from.y + 40} ${to.x} ${to.y - 40} ${to.x} ${to.y}`;
      root.append(svg('path', { d: `M${from.x} ${from.y} C${curve}` }));
      const spot = { x: from.x + (to.x - from.x) * 0.3, y: from.y + 18 + 14 * (number % 4) };
      const label = svg('text', { ...spot, class: 'label' }, short(condition, 30));
      label.append(svg('title', {}, condition));
      root.append(label);
    });
  });
  nodes.forEach((node, index) => {
    const leaf = node.edges.length === 0;
    root.append(svg('rect', { x: place[index].x, y: place[index].y, width, height, rx: leaf ? 15 : 3,
      style: `fill: var(${leaf ? '--' + kind(node.text) : '--soft'})` }));
    const text = svg('text', { x: place[index].x + 8, y: place[index].y + 20 }, short(node.text, 24));
    text.append(svg('title', {}, node.text));
    root.append(text);
  });
  return root;
}

function filter() {
  const wanted = find('search').value.toLowerCase();
  const only = find('only').checked;
  let count = 0;
  for (const row of body.rows) {
    row.hidden = !row.dataset.text.includes(wanted) || (only && row.className !== 'differs');
    if (!row.hidden) ++count;
  }
  find('count').textContent = count + ' of ' + body.rows.length;
}
find('search').addEventListener('input', filter);
find('only').addEventListener('change', filter);
find('only-label').hidden = !two;
filter();

body.addEventListener('focusin', (event) => {
  for (const button of body.querySelectorAll('button[tabindex="0"]')) button.tabIndex = -1;
  event.target.tabIndex = 0;
});
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && event.target !== find('search')) {
    find('search').focus();
    event.preventDefault();
  }
  if (event.key === 'Escape') {
    find('search').value = '';
    filter();
    const current = body.querySelector('button[tabindex="0"]');
    if (current) current.focus();
  }
  const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  const cell = event.target.closest ? event.target.closest('td') : null;
  if (!step || !cell) return;
  event.preventDefault();
  const visible = [...body.rows].filter((row) => !row.hidden);
  let at = visible.indexOf(cell.parentNode), column = cell.cellIndex;
  for (;;) {
    at += step[0];
    column += step[1];
    const next = visible[at] && visible[at].cells[column];
    if (!next) return;
    const button = next.querySelector('button');
    if (button) {
      button.focus();
      return;
    }
  }
});

// For the printer: all conditions, which the screen shows one by one.
const all = find('all');
columns.forEach((column) => {
  const depending = column.groups.filter((group) => group.cases.length > 1);
  if (depending.length === 0) return;
  all.append(make('h2', heading(column)));
  for (const group of depending) {
    all.append(make('p', group.calls.join(' ') + (group.nameless ? ' ' + group.nameless : '')), caseList(group));
  }
});
</script>
</body>
</html>
)html";

Json graph_json(const DecisionGraph& graph) {
  Json nodes = Json::array();
  for (const DecisionGraph::GraphNode& node : graph.nodes) {
    Json edges = Json::array();
    for (const DecisionGraph::Edge& edge : node.edges) edges.push_back({edge.condition, edge.next});
    nodes.push_back({{"text", node.text}, {"edges", edges}});
  }
  return nodes;
}

Json group_json(const CallGroup& group) {
  Json cases = Json::array();
  for (const DecisionCase& each : group.cases) {
    cases.push_back({{"decision", each.decision}, {"condition", each.condition}, {"by", each.by}});
  }
  return {{"calls", group.names},
          {"nameless", group.nameless.empty() ? "" : numbers_text(group.nameless)},
          {"cases", cases},
          {"graph", graph_json(group.graph)}};
}

// JSON within HTML: what would end the element, or begin a comment, is written as an escape.
std::string in_html(const std::string& json) {
  std::string text;
  for (const char c : json) {
    if (c == '<')
      text += "\\u003c";
    else
      text += c;
  }
  return text;
}

}  // namespace

std::string explain_page(std::span<const PolicyOnPage> policies) {
  Json list = Json::array();
  for (const PolicyOnPage& policy : policies) {
    Json domains = Json::array();
    for (const ExplainedDomain& domain : policy.domains) {
      Json groups = Json::array();
      for (const CallGroup& group : domain.groups) groups.push_back(group_json(group));
      domains.push_back({{"arch", domain.name}, {"groups", groups}});
    }
    list.push_back({{"name", policy.name}, {"domains", domains}});
  }
  const Json data = {{"callgate", CALLGATE_VERSION}, {"policies", list}};
  return before_data + in_html(data.dump(-1, ' ', false, Json::error_handler_t::replace)) + behind_data;
}

}  // namespace callgate::cli
