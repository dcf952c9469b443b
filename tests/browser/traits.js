// What axe could judge differently from page to page, of each thing that is shown: a sorted list of strings without
// repetition. Two elements of the same traits have the same colours, the same place and the same sort of name.
() => {
  const INTERACTIVE = "a[href], button, input, select, textarea, summary, [role=button], [role=link]";
  const LANDMARKS = "main, nav, header, footer, aside, form[aria-label], section[aria-label], section[aria-labelledby],"
    + " dialog, [role=main], [role=navigation], [role=banner], [role=contentinfo], [role=complementary],"
    + " [role=region], [role=search], [role=dialog]";
  // Of these the value counts; of every other one that axe looks at, that it is there.
  const WHOLE = ["role", "type", "scope", "tabindex", "lang", "dir", "autocomplete", "aria-hidden", "aria-live"];
  const POINTERS = ["for", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns"];
  const THERE = /^(aria-.*|alt|title|href|accesskey|style|placeholder)$/;

  // Of these axe asks where they stand.
  const PLACED = "li, dt, dd, tr, th, td, option, legend, summary, figcaption, source, track, [role]";

  const backgrounds = new Map();
  const background = (one) => {
    if (one === null) return "none";
    if (!backgrounds.has(one)) {
      const { backgroundColor: colour, backgroundImage: image, opacity } = getComputedStyle(one);
      const isPlain = image === "none" && opacity === "1";
      const isClear = isPlain && colour.endsWith(", 0)");
      const isSolid = isPlain && !/[/]|rgba/.test(colour);
      const own = isPlain ? colour : `${colour} ${image.slice(0, 8)} ${opacity}`;
      const behind = () => background(one.parentElement);
      backgrounds.set(one, isSolid ? own : isClear ? behind() : `${own} over ${behind()}`);
    }
    return backgrounds.get(one);
  };
  const says = (one) => [...one.childNodes].some((part) => part.nodeType === Node.TEXT_NODE && part.data.trim());
  const points = (one, name) => one.getAttribute(name).split(/\s+/).every((id) => document.getElementById(id));
  const named = (one) => {
    if (one.matches("input, select, textarea")) {
      // A label around a choice holds the words of the choice, too.
      const words = (label) => label.textContent.replace(one.textContent, "").trim();
      const labels = [...(one.labels ?? [])].filter(words);
      return `${labels.length} ${one.matches("[type=submit], [type=button]") && Boolean(one.value)}`;
    }
    return Boolean(one.textContent.trim() || one.querySelector("img[alt]:not([alt='']), svg title, [aria-label]"));
  };
  const place = (one) => [
    one.matches(PLACED) && `in ${one.parentElement.localName} ${one.parentElement.getAttribute("role")}`,
    one.matches("a") && `among ${getComputedStyle(one.parentElement).color}`,
    one.matches(LANDMARKS) && `within ${one.parentElement.closest(LANDMARKS)?.localName}`,
  ];

  const traits = new Set();
  for (const one of document.body.querySelectorAll("*")) {
    if (!one.checkVisibility() || one.closest("svg") !== null && one.localName !== "svg") continue;
    const style = getComputedStyle(one);
    const attributes = one.getAttributeNames().filter((name) => THERE.test(name))
      .map((name) => one.getAttribute(name).trim() ? name : `${name} empty`);
    const whole = WHOLE.filter((name) => one.hasAttribute(name)).map((name) => `${name}=${one.getAttribute(name)}`);
    const dangling = POINTERS.filter((name) => one.hasAttribute(name) && !points(one, name));
    const inside = one.parentElement.closest(INTERACTIVE) !== null && one.matches(INTERACTIVE);
    const scrolls = /auto|scroll/.test(style.overflow)
      && (one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight);
    traits.add([
      one.localName, ...attributes.sort(), ...whole, `dangling ${dangling}`, `named ${named(one)}`,
      ...place(one), `landmark ${one.closest(LANDMARKS) !== null}`, inside && "nested",
      scrolls && "scrolls", one.matches("input, select, textarea, button") && one.disabled && "disabled",
      says(one) && `${style.color} on ${background(one)}, ${style.fontSize} ${style.fontWeight} ${style.textDecorationLine}`,
    ].filter(Boolean).join("; "));
  }
  // Of the page: its language, what it tells the browser, its landmarks, the steps between its headings, its ids.
  const all = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  const root = document.documentElement;
  traits.add(`page ${root.lang} ${root.dir} ${Boolean(document.title)}`);
  for (const meta of document.querySelectorAll("meta[name=viewport], meta[http-equiv]")) traits.add(meta.outerHTML);
  const landmarks = all(LANDMARKS).map((one) => `${one.localName} ${one.getAttribute("role")} ${one.ariaLabel}`);
  traits.add(`landmarks ${landmarks.length === new Set(landmarks).size} ${all("main, [role=main]").length}`);
  const headings = all("h1, h2, h3, h4, h5, h6").map((one) => one.localName);
  ["none", ...headings].forEach((from, number) => traits.add(`${from}, then ${headings[number] ?? "the end"}`));
  traits.add(`headings of all ${headings.filter((one) => one === "h1").length}`);
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  traits.add(`ids ${ids.length === new Set(ids).size}`);
  return [...traits].sort();
}
