"use strict";
(function () {
  // What is under the pointer or the keyboard's cursor, read from the drawing itself: paths have the places and data-v the values.
  var offsets = JSON.parse(document.body.dataset.zone || "[]");
  var touched = 0;

  function local(ms) {
    var offset = offsets.length ? offsets[0][1] : 0;
    offsets.forEach(function (pair) { if (pair[0] <= ms) offset = pair[1]; });
    var date = new Date(ms + offset * 1000);
    return isNaN(date) ? "?" : date.toISOString().replace("T", " ").slice(0, 19);
  }
  function age(s) {
    s = Math.floor(s);
    function two(n) { return (n < 10 ? "0" : "") + n; }
    if (s < 60) return s + "s";
    if (s < 3600) return Math.floor(s / 60) + "m" + two(s % 60) + "s";
    if (s < 86400) return Math.floor(s / 3600) + "h" + two(Math.floor(s / 60) % 60) + "m";
    return Math.floor(s / 86400) + "d" + two(Math.floor(s / 3600) % 24) + "h";
  }
  function number(v) {
    var sizes = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]], size = Math.abs(v);
    for (var i = 0; i < 4; i++) if (size >= sizes[i][0] * 0.9995) {
      v /= sizes[i][0];
      return v.toFixed(Math.abs(v) >= 9.95 ? 0 : 1) + sizes[i][1];
    }
    if (v === 0) return "0";
    if (size < 0.005) return v > 0 ? "<0.01" : ">-0.01";
    return String(Number(v.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2)));
  }
  function bytes(v) {
    var names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"], i = 0;
    while (i < 5 && Math.abs(v) >= 1023.95) { v /= 1024; i++; }
    return v.toFixed(i === 0 || Math.abs(v) >= 99.95 ? 0 : 1) + " " + names[i];
  }
  function seconds(v) {
    var size = Math.abs(v);
    if (size === 0) return "0 s";
    if (size < 0.0095) return (v * 1e3).toFixed(1) + " ms";
    if (size < 0.9995) return (v * 1e3).toFixed(0) + " ms";
    return size < 59.95 ? v.toFixed(2) + " s" : age(size);
  }
  function percent(v) {
    v *= 100;
    if (v === 0) return "0%";
    if (Math.abs(v) < 0.005) return "<0.01%";
    if (Math.abs(v) < 9.995) return v.toFixed(2) + "%";
    return (v < 100 ? Math.min(Math.round(v), 99) : Math.round(v)) + "%";
  }
  function shown(v, unit) {
    switch (unit) {
      case "bytes": return bytes(v);
      case "bytes_per_second": return bytes(v) + "/s";
      case "seconds": return seconds(v);
      case "milliseconds": return seconds(v / 1000);
      case "ratio": return percent(v);
      case "bool": return v === 0 ? "no" : "yes";
      case "timestamp": return local(v * 1000);
      default: return number(v);
    }
  }

  function Chart(svg) {
    var g = svg.dataset.g.split(" ").map(Number), chart = this;
    this.svg = svg; this.unit = svg.dataset.u;
    this.x = g[0]; this.y = g[1]; this.w = g[2]; this.h = g[3];
    this.since = g[4]; this.until = g[5]; this.step = g[6]; this.grain = 6e4;
    // Of many values a picture has two a slice: so far apart are those that belong together.
    this.near = Math.max(this.step * 1.5, (this.until - this.since) / this.w * 4.5);
    this.lines = [].map.call(svg.querySelectorAll("g[class^=c]"), function (group) {
      var line = { name: group.dataset.n || "", colour: group.classList[0], points: [] };
      group.querySelectorAll("path[data-v]").forEach(function (path) { chart.read(path, line.points); });
      line.points.sort(function (a, b) { return a.t - b.t; });
      return line;
    }).filter(function (line) { return line.points.length; });
    this.times = [];
    this.lines.forEach(function (line) { line.points.forEach(function (p) { chart.times.push(p.t); }); });
    this.times = this.times.sort(function (a, b) { return a - b; }).filter(function (t, i, all) { return !i || t > all[i - 1]; });
    this.marks = [].map.call(svg.querySelectorAll("g.m > title"), function (title) {
      return { x: Number(/-?\d+/.exec(title.parentNode.getAttribute("transform"))[0]), text: title.textContent };
    });
  }
  Chart.prototype.read = function (path, points) {
    var values = path.dataset.v.split(" "), words = path.getAttribute("d").match(/[Mlh]|-?\d+/g), x = 0, y = 0, mode = "";
    // What a tenth of a unit is worth decides how exactly a moment can be told from its place.
    var unit = (this.until - this.since) / (this.w * 10), grain = unit <= 1e3 ? 1e3 : 6e4, next = 0;
    var minutes = path.dataset.t && path.dataset.t.split(" ").map(Number), t = Math.floor(this.since / 6e4) * 6e4;
    this.grain = grain;
    for (var i = 0; i < words.length;) {
      if (/[Mlh]/.test(words[i])) { mode = words[i++]; continue; }
      if (mode === "h") { i++; continue; }
      var dx = Number(words[i]), dy = Number(words[i + 1]);
      i += 2;
      if (mode === "M") { x = dx; y = dy; } else { x += dx; y += dy; }
      if (minutes) t += minutes[next] * 6e4; else t = Math.floor((this.since + (x + 0.5) * unit) / grain) * grain;
      var value = values[next++] || "";
      points.push({ x: this.x + x / 10, y: this.y + y / 10, t: t, v: parseFloat(value), over: value.slice(-1) === "*" });
    }
  };
  function nearest(points, t, time) {
    var low = 0, high = points.length - 1;
    while (high - low > 1) { var mid = (low + high) >> 1; if (time(points[mid]) <= t) low = mid; else high = mid; }
    return Math.abs(time(points[low]) - t) <= Math.abs(time(points[high]) - t) ? points[low] : points[high];
  }
  Chart.prototype.show = function (t) {
    var chart = this, at = t, close = this.times.length ? nearest(this.times, t, function (x) { return x; }) : NaN;
    this.hide();
    if (Math.abs(close - t) <= this.near) at = close;
    this.now = at;
    var x = this.x + (at - this.since) / (this.until - this.since) * this.w;
    var tip = document.createElement("div"), layer = document.createElementNS("http://www.w3.org/2000/svg", "g");
    function draw(name, attributes) {
      var one = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (var key in attributes) one.setAttribute(key, attributes[key]);
      layer.appendChild(one);
    }
    function row(colour, name, value) {
      var line = document.createElement("div");
      if (colour) { var dot = document.createElement("i"); dot.className = colour; line.appendChild(dot); }
      var text = document.createElement("bdi"); text.textContent = name; line.appendChild(text);
      if (value !== undefined) { var figure = document.createElement("b"); figure.textContent = value; line.appendChild(figure); }
      return tip.appendChild(line);
    }
    draw("path", { "class": "at", d: "M" + x + " " + this.y + "v" + this.h });
    tip.className = "tip";
    row("", local(at).slice(5, this.grain >= 6e4 ? 16 : 19));
    var some = false;
    this.lines.forEach(function (line) {
      var p = nearest(line.points, at, function (p) { return p.t; }), found = Math.abs(p.t - at) <= chart.near;
      if (found) {
        some = true;
        draw("circle", { "class": "hit " + line.colour, cx: p.x, cy: p.y, r: 4 });
      }
      if (found || chart.lines.length > 1) {
        row(line.colour, line.name, found ? shown(p.v, chart.unit) + (p.over ? " (average over the gap)" : "") : "–");
      }
    });
    if (!some) row("", "no value");
    this.marks.forEach(function (mark) { if (Math.abs(mark.x - x) < 5) row("", mark.text).className = "w"; });
    this.svg.appendChild(layer);
    this.svg.parentNode.appendChild(tip);
    this.layer = layer; this.tip = tip;
    var box = this.svg.getBoundingClientRect(), outer = this.svg.parentNode.getBoundingClientRect();
    var scale = box.width / this.svg.viewBox.baseVal.width, px = box.left - outer.left + x * scale;
    var left = px + 12 + tip.offsetWidth > outer.width ? px - 12 - tip.offsetWidth : px + 12;
    tip.style.left = Math.max(4, Math.min(left, outer.width - tip.offsetWidth - 4)) + "px";
    tip.style.top = box.top - outer.top + this.y * scale + 4 + "px";
  };
  Chart.prototype.hide = function () {
    if (this.layer) { this.layer.remove(); this.tip.remove(); this.layer = null; }
  };
  Chart.prototype.move = function (by) {
    var times = this.times, i = times.indexOf(this.now);
    if (!times.length) return;
    if (i < 0) i = by > 0 ? -1 : times.length;
    this.show(times[Math.max(0, Math.min(times.length - 1, i + by))]);
  };

  // Read aloud: a place that is there before its text is.
  var live = document.createElement("div");
  live.className = "live";
  live.setAttribute("role", "status");
  document.body.appendChild(live);

  var charts = new Map();
  function of(svg) {
    if (!charts.has(svg)) charts.set(svg, new Chart(svg));
    return charts.get(svg);
  }
  document.querySelectorAll("svg[data-g]").forEach(function (svg) {
    svg.setAttribute("tabindex", "0");
    svg.setAttribute("aria-roledescription", "chart; arrow keys read the values");
    function pointed(event) {
      var chart = of(svg), box = svg.getBoundingClientRect();
      var x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
      touched = Date.now();
      chart.show(chart.since + Math.max(0, Math.min(1, (x - chart.x) / chart.w)) * (chart.until - chart.since));
    }
    function left() { touched = 0; of(svg).hide(); }
    svg.addEventListener("pointermove", pointed);
    svg.addEventListener("pointerdown", pointed);
    svg.addEventListener("pointerleave", left);
    svg.addEventListener("blur", left);
    svg.addEventListener("keydown", function (event) {
      var by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -1e9, End: 1e9 }[event.key];
      if (event.key === "Escape") return left();
      if (!by || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      touched = Date.now();
      var chart = of(svg);
      chart.move(by);
      live.textContent = chart.tip ? [].map.call(chart.tip.children, function (row) { return row.innerText; }).join(", ") : "";
    });
  });

  // After the # stand settings, such as at=1795313000&refresh=30: they survive loading again and can be sent to others.
  function settings() {
    var found = {};
    location.hash.slice(1).split("&").forEach(function (part) {
      var at = part.indexOf("=");
      if (at > 0) found[part.slice(0, at)] = part.slice(at + 1);
    });
    return found;
  }
  function stored(value) {
    // Files and private windows may have no storage.
    try {
      if (value === undefined) return localStorage.getItem("stellar-refresh");
      localStorage.setItem("stellar-refresh", value);
    } catch (none) { return null; }
  }
  function point() {
    var at = settings().at;
    if (!at) return;
    var ms = /^\d+(\.\d+)?$/.test(at) ? Number(at) * 1000 : Date.parse(at.replace(/%3A/gi, ":").replace(/%2B/gi, "+"));
    if (isNaN(ms)) return;
    document.querySelectorAll("svg[data-g]").forEach(function (svg) {
      var chart = of(svg);
      if (ms >= chart.since && ms <= chart.until) chart.show(ms); else chart.hide();
    });
  }

  var timer = 0, refresh = document.getElementById("refresh");
  function again() {
    // Not under the hands of somebody who reads, and not where nobody does.
    if (Date.now() - touched < 1e4 || document.hidden) timer = setTimeout(again, 1000); else location.reload();
  }
  function every(period) {
    clearTimeout(timer);
    if (period > 0) timer = setTimeout(again, period * 1000);
  }
  function chosen() {
    var wanted = settings().refresh || stored() || "0";
    var input = [].find.call(refresh.querySelectorAll("input"), function (one) { return one.value === wanted; });
    input = input || refresh.querySelector("input");
    input.checked = true;
    every(Number(input.value));
  }
  refresh.hidden = false;
  refresh.addEventListener("change", function (event) {
    var now = settings();
    now.refresh = event.target.value;
    stored(now.refresh);
    location.replace("#" + Object.keys(now).map(function (key) { return key + "=" + now[key]; }).join("&"));
    every(Number(now.refresh));
  });

  var made = document.querySelector("time[data-at]"), told = document.createElement("span");
  made.parentNode.appendChild(told);
  function old() {
    var s = (Date.now() - Number(made.dataset.at)) / 1000;
    told.textContent = s >= 1 ? ", " + age(s) + " ago" : "";
  }
  old();
  setInterval(old, 5000);
  window.addEventListener("hashchange", function () { point(); if (settings().refresh) chosen(); });
  chosen();
  point();
})();
