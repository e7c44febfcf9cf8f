#!/bin/bash
# page.sh CALLGATE FOLDER: the page of callgate explain --html in a browser: searched, clicked, moved through by keys, and
# pictures of it, light and dark, in FOLDER to look at. Needs Debian's chromium.
set -euo pipefail
mkdir -p "$2"
cd "$2"
callgate=(${LAUNCHER:+"$LAUNCHER"} "$1")
printf 'ld [nr]\njeq #59, d\nld [args[0].lo]\njeq #7, k\nret ALLOW\nd: ret ERRNO(13)\nk: ret KILL_PROCESS\n' > old.txt
printf 'ld [nr]\njeq #59, d\nret ALLOW\nd: ret ERRNO(13)\n' > new.txt
"${callgate[@]}" explain --html page.html old.txt --beside new.txt

browser() { timeout 120 chromium --headless --no-sandbox --disable-gpu --window-size=1300,900 "$@" 2> browser.log; }

# What a user does, as a script at the end of a copy; it leaves what it saw in an element of the page.
sed '/<\/body>/d; /<\/html>/d' page.html > driven.html
cat >> driven.html << 'END'
<pre id="seen"></pre><script>
(() => {
const seen = [];
const rows = () => [...document.querySelectorAll('tbody tr')].filter((row) => !row.hidden);
const cell = (row, at) => row.cells[at].querySelector('button');
seen.push('columns ' + document.querySelectorAll('thead th').length);
const search = document.getElementById('search');
search.value = 'execve';
search.dispatchEvent(new Event('input'));
seen.push('found ' + rows().map((row) => row.cells[0].textContent).join(' '));
cell(rows()[0], 1).click();
seen.push('details ' + document.getElementById('details').textContent);
search.value = '';
search.dispatchEvent(new Event('input'));
const only = document.getElementById('only');
only.checked = true;
only.dispatchEvent(new Event('change'));
seen.push('differs ' + rows().some((row) => row.cells[0].textContent === 'read') + ' ' +
  rows().some((row) => row.cells[0].textContent === 'oldolduname'));
const read = rows().find((row) => row.cells[0].textContent === 'read');
cell(read, 1).click();
seen.push('picture ' + document.querySelectorAll('#details svg rect').length);
cell(read, 1).focus();
const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
press('ArrowRight');
seen.push('moved ' + document.activeElement.textContent);
press('/');
seen.push('focus ' + document.activeElement.id);
document.getElementById('seen').textContent = seen.join('\n');
})();
</script></body></html>
END
browser --virtual-time-budget=5000 --dump-dom "file://$PWD/driven.html" > dom.html
awk '/^<pre id="seen">/ { sub(/.*>/, ""); inside = 1 } inside && sub(/<\/pre>.*/, "") { print; exit } inside' dom.html > seen.txt
diff - seen.txt << 'END'
columns 9
found execve execveat
details execve on x86_64, old.txtERRNO(13) EACCES
differs true false
picture 3
moved ALLOW
focus search
END
browser --screenshot=light.png "file://$PWD/page.html"
browser --force-dark-mode --enable-features=WebContentsForceDark --blink-settings=preferredColorScheme=0 --screenshot=dark.png "file://$PWD/page.html"
browser --no-pdf-header-footer --print-to-pdf=page.pdf "file://$PWD/page.html"
cmp -s light.png dark.png && { echo "dark is as light"; exit 1; }
[[ -s page.pdf ]]
