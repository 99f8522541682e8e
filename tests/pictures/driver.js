// In a page under test: presses keys as people do and notes on <body> what there is to see then.
(function () {
  var note = document.body.dataset, svg = document.querySelector("svg[data-g]");
  function press(key) { svg.dispatchEvent(new KeyboardEvent("keydown", { key: key, bubbles: true, cancelable: true })); }
  function told() {
    var tip = svg.parentNode.querySelector(".tip");
    return [].map.call(tip.querySelectorAll("bdi, b"), function (one) { return one.textContent; }).filter(Boolean).join("|");
  }
  note.scheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  press("End"); note.last = told(); note.aloud = document.querySelector("[role=status]").textContent.replace(/\s+/g, " ");
  press("Home"); note.first = told();
  press("Escape"); note.escaped = String(document.querySelectorAll(".tip").length);
  var box = svg.getBoundingClientRect();
  var open = svg.querySelector(".o").getBoundingClientRect(), x = open.left + open.width / 2;
  svg.dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: box.top + 40, bubbles: true }));
  note.pointed = told();
  svg.dispatchEvent(new PointerEvent("pointerleave"));
  note.left = String(document.querySelectorAll(".tip").length);
  document.querySelector("#refresh input[value='60']").click();
  note.chosen = location.hash;
  document.querySelector("#refresh input[value='0']").click();
  press("ArrowRight");
  note.wide = String(Math.max(0, document.documentElement.scrollWidth - innerWidth));

  function parts(colour) { return (colour.match(/[\d.]+/g) || []).map(Number); }
  function light(c) {
    var l = c.slice(0, 3).map(function (v) { v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); });
    return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2];
  }
  function ground(element) {
    for (; element; element = element.parentElement) {
      var c = parts(getComputedStyle(element).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  }
  document.querySelectorAll("details").forEach(function (one, i) { if (i < 2) one.open = true; });
  var faint = {};
  document.querySelectorAll("body *:not(script)").forEach(function (element) {
    if (/^(title|desc)$/.test(element.localName)) return;
    var own = [].some.call(element.childNodes, function (node) { return node.nodeType === 3 && node.data.trim(); });
    if (!own) return;
    var style = getComputedStyle(element), ink = parts(element.namespaceURI.indexOf("svg") > 0 ? style.fill : style.color);
    var a = light(ink), b = light(ground(element)), contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint[element.localName + "." + (element.getAttribute("class") || "")] = contrast.toFixed(1);
  });
  note.faint = Object.keys(faint).map(function (key) { return key + " " + faint[key]; }).join(", ");
  document.querySelectorAll("details[open]").forEach(function (one, i) { if (i > 0) one.open = false; });
})();
