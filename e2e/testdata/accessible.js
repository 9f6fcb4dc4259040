// What is wrong with a page for those who do not see it, see it badly or have no
// mouse: a list of sentences (WCAG 2.2, as far as a program can tell).
(() => {
  const wrong = [], say = (e, what) => wrong.push(`${what}: ${e.outerHTML.slice(0, 120)}`);
  const seen = e => e.checkVisibility({ checkOpacity: false }) && e.getClientRects().length > 0;
  const all = selector => [...document.querySelectorAll(selector)];
  const named = e => (e.getAttribute('aria-label') || e.innerText || (e.labels?.[0]?.innerText) ||
    (e.getAttribute('aria-labelledby') ?? '').split(/\s+/).map(id => document.getElementById(id)?.textContent ?? '').join('')).trim();

  if (!/^(en|zh-CN)$/.test(document.documentElement.lang)) wrong.push('the page has no language');
  if (!document.title) wrong.push('the page has no title');
  if (!/width=device-width/.test(document.querySelector('meta[name=viewport]')?.content)) wrong.push('it does not fit a phone');
  if (/maximum-scale|user-scalable/.test(document.querySelector('meta[name=viewport]')?.content)) wrong.push('it cannot be made larger');
  for (const landmark of ['header', 'main', 'footer']) if (all('body > ' + landmark).length !== 1) wrong.push('there is not one ' + landmark);

  // 1.1.1, 2.4.6, 4.1.2: whatever is a control or a picture has a name.
  for (const e of all('a, button, input, select, textarea, summary')) {
    if (seen(e) && !named(e)) say(e, 'has no name');
  }
  for (const e of all('svg, img')) {
    const hidden = e.closest('[aria-hidden=true]');
    if (!hidden && !(e.getAttribute('role') === 'img' && named(e)) && !e.alt) say(e, 'is a picture without a name');
  }
  for (const e of all('section')) if (seen(e) && !named(e) && !e.querySelector('h1, h2, h3')) say(e, 'is a section without a heading');

  // 1.3.1: headings in their order, tables with headings, references that lead somewhere.
  let last = 0;
  for (const e of all('h1, h2, h3, h4, h5, h6').filter(seen)) {
    const level = Number(e.tagName[1]);
    if (level > last + 1) say(e, 'leaves out a level of headings');
    if (!e.textContent.trim()) say(e, 'is an empty heading');
    last = level;
  }
  if (all('h1').filter(seen).length !== 1) wrong.push('there is not one h1');
  for (const e of all('table').filter(seen)) {
    if (!e.caption?.textContent.trim()) say(e, 'is a table without a caption');
    if (![...e.querySelectorAll('thead th')].every(h => h.scope === 'col' && h.textContent.trim())) say(e, 'is a table without headings');
    if (![...e.querySelectorAll('tbody tr:not(.why)')].every(r => r.cells[0].tagName === 'TH' && r.cells[0].scope === 'row')) say(e, 'has rows without headings');
  }
  const ids = all('[id]').map(e => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push('two are named ' + id);
  for (const key of ['aria-labelledby', 'aria-describedby', 'for']) {
    for (const e of all(`[${key}]`)) for (const id of e.getAttribute(key).split(/\s+/)) if (!document.getElementById(id)) say(e, `${key} leads nowhere`);
  }
  for (const e of all('ul, ol, dl')) {
    if ([...e.children].some(c => e.tagName === 'DL' ? !['DIV', 'DT', 'DD'].includes(c.tagName) : c.tagName !== 'LI')) say(e, 'is a list of something else');
  }
  for (const e of all('[tabindex]')) if (e.tabIndex > 0) say(e, 'changes the order of focus');

  // 2.5.8: what is to be touched is large enough.
  for (const e of all('a, button, input, summary').filter(seen)) {
    const box = e.getBoundingClientRect();
    if (box.width < 24 || box.height < 24) say(e, `is ${box.width} by ${box.height} pixels small`);
  }

  // 1.4.3: text stands out from what is behind it, by 4.5 to 1.
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const colour = text => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = text;
    paint.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const light = c => {
    const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = e => e ? over(colour(getComputedStyle(e).backgroundColor), behind(e.parentElement)) : [255, 255, 255, 1];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let looked = 0;
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !seen(e) || e.closest('.heard, script, noscript, svg')) continue;
    looked++;
    const back = behind(e), text = over(colour(getComputedStyle(e).color), back);
    const [a, b] = [light(text), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) say(e, `stands out by ${ratio.toFixed(2)} only`);
  }
  if (looked < 20) wrong.push(`only ${looked} texts were looked at`);

  // 1.4.10: nothing has to be scrolled sideways, or is cut off at a side.
  if (document.documentElement.scrollWidth > innerWidth) wrong.push(`the page is ${document.documentElement.scrollWidth} wide, the screen ${innerWidth}`);
  for (const e of all('.card *, .verdict *, .figures *')) {
    if (!seen(e) || e.closest('svg, .heard')) continue;
    const edge = e.closest('.card, .verdict, .figures').getBoundingClientRect();
    const box = e.getBoundingClientRect();
    if (box.right > edge.right + 1 || box.left < edge.left - 1) say(e, 'sticks out');
  }
  return [...new Set(wrong)];
})()
