// Fingers on the curves: a slide along them selects a period, a tap shows the values there, a double tap
// goes back. Up and down stays the page's own scrolling (touch-action: pan-y).

import type uPlot from 'uplot';

const kSlide = 10;
const kDoubleTapMs = 320;

export function followTouch(u: uPlot, zoom: (left: number, right: number) => void, back: () => void): void {
  const over = u.over;
  let start: number | null = null;
  let selecting = false;
  let lastTap = 0;
  const place = (event: PointerEvent): { x: number; y: number } => {
    const box = over.getBoundingClientRect();
    return { x: Math.min(box.width, Math.max(0, event.clientX - box.left)), y: event.clientY - box.top };
  };
  const clear = (): void => {
    start = null;
    selecting = false;
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  };
  over.style.touchAction = 'pan-y';
  over.addEventListener('pointerdown', (event) => {
    if (event.pointerType !== 'touch' || !event.isPrimary) return;
    start = place(event).x;
    over.setPointerCapture(event.pointerId);
  });
  over.addEventListener('pointermove', (event) => {
    if (event.pointerType !== 'touch' || start === null) return;
    const { x, y } = place(event);
    if (Math.abs(x - start) > kSlide) selecting = true;
    if (!selecting) return;
    u.setSelect({ left: Math.min(x, start), top: 0, width: Math.abs(x - start), height: over.clientHeight }, false);
    u.setCursor({ left: x, top: y });
  });
  over.addEventListener('pointerup', (event) => {
    if (event.pointerType !== 'touch' || start === null) return;
    const { x, y } = place(event);
    const from = start;
    const slid = selecting;
    clear();
    if (slid) {
      zoom(Math.min(from, x), Math.max(from, x));
      return;
    }
    if (event.timeStamp - lastTap < kDoubleTapMs) back();
    else u.setCursor({ left: x, top: y });
    lastTap = event.timeStamp;
  });
  over.addEventListener('pointercancel', clear);
}
