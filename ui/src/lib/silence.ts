// Loggers from which nothing has come for so long that somebody should look.

import type { Logger } from './types';

export const kSilentAfter = 36 * 3600;

export function silentLoggers(loggers: Logger[], now: number): (Logger & { to: number })[] {
  return loggers
    .filter((logger): logger is Logger & { to: number } => logger.to !== null && now - logger.to > kSilentAfter)
    .sort((a, b) => a.to - b.to);
}
