import { type SignIn, SignInError } from '../sign-in/port.ts'
import { element } from './elements.ts'

/** Lets the form sign in or make an account, by the button that was pressed. */
export function openSignInForm(signIn: SignIn): void {
  const form = element('sign-in', HTMLFormElement)
  const email = element('sign-in-email', HTMLInputElement)
  const password = element('sign-in-password', HTMLInputElement)
  const told = element('sign-in-told', HTMLParagraphElement)

  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const isNew = event.submitter?.getAttribute('value') === 'sign-up'
    const buttons = form.querySelectorAll('button')
    for (const button of buttons) button.disabled = true
    told.textContent = ''
    try {
      const account = isNew
        ? await signIn.signUp(email.value, password.value)
        : await signIn.signIn(email.value, password.value)
      if (account?.mustConfirm)
        told.textContent = 'Almost done: please open the link in the e-mail that was sent to you.'
      password.value = ''
    } catch (error) {
      told.textContent =
        error instanceof SignInError ? error.message : 'Signing in did not work. Please try again.'
      password.focus()
    } finally {
      for (const button of buttons) button.disabled = false
    }
  })
}
