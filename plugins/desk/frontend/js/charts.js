// Charts: loaded where one is on the page. What is drawn comes as JSON of texts in the element,
// <ui-chart data-kind="bar"><script type="application/json">; numbers are written by the server,
// so they look as everywhere else, and a click leads to the list behind one.
import { BarChart, FunnelChart, LineChart, PieChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";
import { $, esc, Part } from "./dom.js";

const { use } = echarts;
use([BarChart, FunnelChart, LineChart, PieChart]);
use([GridComponent, LegendComponent, TooltipComponent, LabelLayout, SVGRenderer]);

const COLOURS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6"];
const ROUND = new Set(["pie", "donut", "funnel"]);
const language = document.documentElement.lang;
const compact = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });

/** Return what a colour of the style sheet is now, as the renderer reads it. */
function colour(probe, name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

function faded(value, alpha) {
  return value.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);
}

class Chart extends Part {
  begin(signal) {
    this.spec = JSON.parse($("script", this).textContent);
    this.plot = $(".plot", this);
    this.sizes = new ResizeObserver(() => this.chart?.resize());
    this.sizes.observe(this.plot);
    const again = () => this.draw();
    document.addEventListener("ui:theme", again, { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again, { signal });
    this.draw();
  }

  end() {
    this.sizes.disconnect();
    this.chart?.dispose();
    this.chart = null;
  }

  draw() {
    this.chart?.dispose();
    this.chart = echarts.init(this.plot, null, { renderer: "svg" });
    const probe = document.createElement("i");
    probe.hidden = true;
    this.append(probe);
    this.ink = (name) => colour(probe, name);
    this.chart.setOption(this.option());
    probe.remove();
    this.chart.on("click", ({ seriesIndex, dataIndex }) => {
      const to = this.spec.series[ROUND.has(this.dataset.kind) ? 0 : seriesIndex].hrefs[dataIndex];
      if (to) location.assign(to);
    });
  }

  option() {
    const { ink } = this;
    const kind = this.dataset.kind;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const base = {
      animation: !still,
      animationDuration: 300,
      color: COLOURS.map(ink),
      textStyle: { fontFamily: getComputedStyle(this).fontFamily, color: ink("--text-2") },
      tooltip: {
        trigger: ROUND.has(kind) ? "item" : "axis",
        formatter: (found) => this.told([found].flat()),
        confine: true,
        backgroundColor: ink("--raised"),
        borderColor: ink("--line-2"),
        textStyle: { color: ink("--text"), fontSize: 12 },
      },
    };
    const legend = { textStyle: { color: ink("--text-2"), fontSize: 12 }, icon: "roundRect" };
    const rest = { itemWidth: 10, itemHeight: 10, type: "plain" };
    if (kind === "funnel") return { ...base, series: [this.funnel()] };
    if (ROUND.has(kind)) {
      const below = { ...legend, ...rest, type: "scroll", bottom: 0 };
      return { ...base, legend: below, series: [this.pie(kind)] };
    }
    const many = this.spec.series.length > 1;
    return {
      ...base,
      ...this.axes(many),
      legend: many ? { ...legend, ...rest, top: 0, right: 0 } : undefined,
      series: this.spec.series.map((each) => this.series(each, kind, many)),
    };
  }

  /** Say what lies under the pointer, in the numbers of the server. */
  told(found) {
    const round = ROUND.has(this.dataset.kind);
    const lines = found.map(({ marker, seriesIndex, dataIndex }) => {
      const each = this.spec.series[round ? 0 : seriesIndex];
      const name = round ? this.spec.labels[dataIndex] : each.name;
      return `${marker}${esc(name)}: <b>${esc(each.shown[dataIndex])}</b>`;
    });
    const head = round ? "" : `${esc(this.spec.labels[found[0].dataIndex])}<br>`;
    return head + lines.join("<br>");
  }

  axes(many) {
    const label = { color: this.ink("--text-3"), fontSize: 11, hideOverlap: true };
    const bare = { axisLine: { show: false }, axisTick: { show: false } };
    const lines = { lineStyle: { color: this.ink("--line") } };
    return {
      grid: { left: 4, right: 12, top: many ? 36 : 12, bottom: 4, outerBoundsMode: "same" },
      xAxis: {
        type: "category",
        data: this.spec.labels,
        axisLabel: { ...label, width: 90, overflow: "truncate" },
        ...bare,
      },
      yAxis: {
        type: "value",
        axisLabel: { ...label, formatter: (value) => compact.format(value) },
        splitLine: lines,
        ...bare,
      },
    };
  }

  series(each, kind, many) {
    const data = each.data.map((value) => (value === null ? null : Number(value)));
    if (kind === "bar") {
      const itemStyle = { borderRadius: many ? 0 : [4, 4, 0, 0] };
      const stack = many ? "all" : undefined;
      return { type: "bar", name: each.name, data, stack, barMaxWidth: 34, itemStyle };
    }
    const line = { type: "line", name: each.name, data, showSymbol: data.length < 3 };
    const areaStyle = { color: faded(this.ink("--c1"), many ? 0.08 : 0.16) };
    return { ...line, smooth: 0.2, symbolSize: 7, areaStyle: kind === "area" ? areaStyle : undefined };
  }

  /** Return the points of a chart without axes. */
  points() {
    const [only] = this.spec.series;
    return only.data.map((value, at) => ({ value: Number(value), name: this.spec.labels[at] }));
  }

  pie(kind) {
    const radius = kind === "donut" ? ["52%", "78%"] : "78%";
    const itemStyle = { borderColor: this.ink("--surface"), borderWidth: 2, borderRadius: 4 };
    const data = this.points();
    return { type: "pie", radius, center: ["50%", "44%"], itemStyle, label: { show: false }, data };
  }

  funnel() {
    const [only] = this.spec.series;
    const label = {
      position: "inside",
      color: "#fff",
      textBorderWidth: 0,
      formatter: ({ name, dataIndex }) => `${name}  ${only.shown[dataIndex]}`,
    };
    const data = this.points().map((each, at) => ({
      ...each,
      itemStyle: { color: this.ink("--accent-fill"), opacity: 1 - at * 0.04, borderWidth: 0 },
    }));
    return { type: "funnel", sort: "none", gap: 3, minSize: "22%", ...BOX, label, data };
  }
}

const BOX = { left: 4, right: 4, top: 6, bottom: 6, width: "auto" };

customElements.define("ui-chart", Chart);
