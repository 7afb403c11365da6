/** How long a star flies, ms. */
const LIFE_MS = 600;
const STARS = 7;

interface Spark {
  x: number;
  y: number;
  /** px a second */
  vx: number;
  vy: number;
  born_ms: number;
}

/** Stars that fly from a caught mascot, on one canvas over the doors. They fade; nothing flashes. */
export class Sparks {
  private flying: Spark[] = [];

  /** From `x, y` in CSS px of the canvas. `chance` gives numbers in 0…1. */
  burst(x: number, y: number, now_ms: number, chance: () => number): void {
    for (let i = 0; i < STARS; i++) {
      const angle = -Math.PI * (0.15 + 0.7 * chance());
      const speed = 90 + 120 * chance();
      this.flying.push({ x, y, vx: Math.cos(angle) * speed, vy: Math.sin(angle) * speed, born_ms: now_ms });
    }
  }

  /** Draws this instant; an empty sky costs nothing. */
  draw(canvas: HTMLCanvasElement, now_ms: number): void {
    if (this.flying.length === 0) return;
    const scale = Math.min(2, devicePixelRatio);
    const { clientWidth: width, clientHeight: height } = canvas;
    if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
    if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
    const pen = canvas.getContext("2d");
    if (pen === null) return;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    this.flying = this.flying.filter((spark) => now_ms - spark.born_ms < LIFE_MS);
    pen.fillStyle = "#f7e463";
    for (const { x, y, vx, vy, born_ms } of this.flying) {
      const age_s = (now_ms - born_ms) / 1000;
      pen.globalAlpha = 1 - (now_ms - born_ms) / LIFE_MS;
      star(pen, x + vx * age_s, y + vy * age_s + 160 * age_s * age_s, 7);
    }
    pen.globalAlpha = 1;
  }
}

function star(pen: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  pen.beginPath();
  for (let point = 0; point < 10; point++) {
    const angle = (point / 5 - 0.5) * Math.PI;
    const far = point % 2 === 0 ? radius : radius * 0.45;
    pen.lineTo(x + Math.cos(angle) * far, y + Math.sin(angle) * far);
  }
  pen.fill();
}
