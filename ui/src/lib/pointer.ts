// Whether this device is worked by fingers, for texts that name the gesture.
export const byTouch = matchMedia('(hover: none), (pointer: coarse)').matches || (navigator.maxTouchPoints > 0 && innerWidth < 760);
