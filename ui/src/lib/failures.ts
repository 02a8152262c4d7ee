// Why a request did not succeed, for people.

import { ApiError } from './api';
import { t } from './language.svelte';

export function failureText(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.status === 0) return t('error.network');
  if (error.status === 401) return t('error.signIn');
  if (error.status === 403 && error.detail === '') return t('error.role');
  return error.detail || error.title;
}
